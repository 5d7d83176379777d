"""A folder belongs to one run: none is shared, none is overwritten.

Ten starts in one second in place of two, of sweeps and evaluations too:

    REID_STARTS=10 pytest tests/robustness/test_folders.py -k one_second
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from warm_start import Script

from reid_lightning.errors import ReIDError
from reid_lightning.results.status import read_status_file
from reid_lightning.run.folder_claim import claim_folder

STARTS = int(os.environ.get("REID_STARTS", "0"))
COMMANDS = ["train.py", "train.py -m", "evaluate.py"] if STARTS else ["train.py"]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def claim(folder: Path, start: Any, claimed: Any) -> None:
    start.wait()
    claimed.put(claim_folder(folder, "hydra.run.dir", named=False).name)


def test_ten_claims_at_once_are_ten_folders(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, claimed = context.Barrier(10), context.Queue()
    folder = tmp_path / "outputs" / "DATE"
    processes = [context.Process(target=claim, args=(folder, start, claimed)) for _ in range(10)]
    for process in processes:
        process.start()
    folders = [claimed.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    names = {"DATE", *(f"DATE_{number}" for number in range(2, 11))}
    assert len(folders) == 10 and set(folders) == names
    assert {path.name for path in (tmp_path / "outputs").iterdir()} == names


def test_a_folder_whose_run_was_killed_before_it_began_may_be_used(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    killed = context.Process(target=claim_folder, args=(tmp_path, "key"), kwargs={"named": True})
    killed.start()
    killed.join()
    assert killed.exitcode == 0 and read_status_file(tmp_path)["process"] == killed.pid
    assert claim_folder(tmp_path, "key", named=True) == tmp_path
    assert read_status_file(tmp_path)["process"] == os.getpid()
    with pytest.raises(ReIDError, match="holds something already"):
        claim_folder(tmp_path, "key", named=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_starts_of_one_second_have_folders_of_their_own(
    command: str,
    start_script: Callable[..., Script],
    tiny_overrides: list[str],
    trained_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is fixed in the configuration file, as a second that does not pass."""
    count = STARTS or 2
    now = tmp_path / "conf" / "now"
    now.mkdir(parents=True)
    folders = "run: {dir: outputs/now}\n  sweep: {dir: outputs/now}"
    (now / "fixed.yaml").write_text(f"# @package _global_\nhydra:\n  {folders}\n")
    options = [f"--config-dir={tmp_path}/conf", "+now=fixed", *tiny_overrides]
    if command == "evaluate.py":
        own = ("data", "trainer.accelerator", "--", "+")
        options = [o for o in options if o.startswith(own) and "data.p=" not in o]
        options.append(f"checkpoint={trained_run}/checkpoints/best.ckpt")
    name, *multirun = command.split()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for a core slow all
    starts = [
        start_script(name, *multirun, *options, f"seed={seed}", cwd=tmp_path)
        for seed in range(count)
    ]
    ends = [start.end() for start in starts]
    assert [end.returncode for end in ends] == [0] * count, [end.stdout for end in ends]
    folders_made = {folder.name for folder in (tmp_path / "outputs").iterdir()}
    assert folders_made == {"now", *(f"now_{number}" for number in range(2, count + 1))}
    seeds = []
    for folder in (tmp_path / "outputs").iterdir():
        assert read_status_file(folder)["state"] == "finished"
        job = folder / "0" if multirun else folder
        results = json.loads((job / "metrics.json").read_text())
        (seed,) = (
            line.removeprefix("- seed=")
            for line in (job / ".hydra" / "overrides.yaml").read_text().splitlines()
            if line.startswith("- seed=")
        )
        assert results.get("seed", int(seed)) == int(seed) and "test/mAP" in results
        assert read_status_file(job)["state"] == "finished"
        seeds.append(int(seed))
    assert sorted(seeds) == list(range(count))


@pytest.fixture
def finished(trained_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_run, tmp_path / "run"))


REFUSED = {
    "a training": ["train.py", "hydra.run.dir=run"],
    "a sweep": ["train.py", "-m", "seed=0,1", "hydra.sweep.dir=run"],
    "an evaluation": ["evaluate.py", "checkpoint=run/checkpoints/best.ckpt", "hydra.run.dir=run"],
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_start_in_a_finished_runs_folder_is_refused_and_changes_nothing(
    case: str, finished: Path, script: Callable, tiny_overrides: list[str]
) -> None:
    name, *arguments = REFUSED[case]
    data = [o for o in tiny_overrides if o.startswith("data")]
    before = contents(finished)
    done = script(name, *arguments, *data, cwd=finished.parent, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in output
    assert "run holds something already, and a run's folder is its own" in output
    assert contents(finished) == before


@pytest.mark.parametrize("subdir", ["all", "${hydra.job.override_dirname}"])
def test_jobs_of_a_sweep_that_would_share_a_folder_are_refused(
    subdir: str, script: Callable, tmp_path: Path
) -> None:
    options = ["seed=0,0", "data=synthetic", f"hydra.sweep.subdir='{subdir}'"]
    done = script("train.py", "-m", *options, cwd=tmp_path, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in output
    assert f"Error: hydra.sweep.subdir={subdir} can be the same for two jobs" in output
    assert not (tmp_path / "multirun").exists()


@pytest.mark.slow
def test_folders_may_be_named_by_what_hydra_knows(script: Callable, tmp_path: Path) -> None:
    """Names that only a job can make out."""
    names = [
        "hydra.sweep.dir='sweeps/${data.name}'",
        "hydra.sweep.subdir='${hydra.job.num}_${data.name}'",
    ]
    wrong = ["model.weights=nowhere", "data=synthetic", "seed=0,1"]
    done = script("train.py", "-m", *wrong, *names, cwd=tmp_path, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    jobs = [path.parent.name for path in (tmp_path / "sweeps" / "synthetic").rglob("train.log")]
    assert sorted(jobs) == ["0_synthetic", "1_synthetic"]


def test_a_run_that_is_still_written_is_not_resumed(finished: Path, script: Callable) -> None:
    before = contents(finished)
    lock = FileLock(finished / ".lock")
    with lock:
        done = script(
            "train.py", "resume=run", "trainer.max_epochs=2", cwd=finished.parent, check=False
        )
    assert done.returncode == 1 and "is still running (process" in done.stdout + done.stderr
    assert contents(finished) == before
    script("train.py", "resume=run", cwd=finished.parent)  # it is finished: nothing to do
    assert read_status_file(finished)["state"] == "finished"


def test_what_failed_says_why_in_its_status(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    options = ["model.weights=nowhere.pt", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *options, cwd=tmp_path, check=False)
    status = read_status_file(tmp_path / "run")
    assert status["state"] == "failed"
    assert status["message"].startswith("model.weights=nowhere.pt is neither")
    assert status["host"] and status["process"]
