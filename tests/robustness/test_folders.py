"""A folder belongs to one run: none is shared, none is overwritten."""

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from reid_lightning.results.status import read_status_file
from reid_lightning.run.folder_claim import claim_folder

ROOT = Path(__file__).parents[2]


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


def test_runs_of_one_second_have_folders_of_their_own(
    tiny_overrides: list[str], tmp_path: Path
) -> None:
    """The name is fixed in the configuration file, as a second that does not pass."""
    conf = tmp_path / "conf" / "experiments"
    conf.mkdir(parents=True)
    fixed = "# @package _global_\nhydra:\n  run:\n    dir: outputs/one_second\n"
    (conf / "now.yaml").write_text(fixed)
    options = [f"--config-dir={tmp_path}/conf", "experiments=now", *tiny_overrides]
    runs = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "train.py"), *options, f"seed={seed}"],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for seed in range(3)
    ]  # fmt: skip
    texts = [run.communicate(timeout=400)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], texts
    folders = sorted((tmp_path / "outputs").iterdir())
    assert [f.name for f in folders] == ["one_second", "one_second_2", "one_second_3"]
    seeds = []
    for folder in folders:
        results = json.loads((folder / "metrics.json").read_text())
        config = (folder / ".hydra" / "config.yaml").read_text()
        assert f"\nseed: {results['seed']}\n" in config
        assert read_status_file(folder)["state"] == "finished"
        seeds.append(results["seed"])
    assert sorted(seeds) == [0, 1, 2]


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, script: Callable, tiny_overrides: list[str]
) -> Path:
    cwd = tmp_path_factory.mktemp("cwd")
    script("train.py", *tiny_overrides, "hydra.run.dir=run", cwd=cwd)
    return cwd / "run"


STARTS = {
    "a training": ["train.py", "hydra.run.dir=run"],
    "a sweep": ["train.py", "-m", "seed=0,1", "hydra.sweep.dir=run"],
    "an evaluation": ["evaluate.py", "checkpoint=run/checkpoints/best.ckpt", "hydra.run.dir=run"],
}


@pytest.mark.parametrize("case", STARTS)
def test_a_start_in_a_finished_runs_folder_is_refused_and_changes_nothing(
    case: str, finished: Path, script: Callable, tiny_overrides: list[str]
) -> None:
    name, *arguments = STARTS[case]
    data = [o for o in tiny_overrides if o.startswith("data")]
    before = contents(finished)
    done = script(name, *arguments, *data, cwd=finished.parent, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in output
    assert "run holds something already, and a run's folder is its own" in output
    assert contents(finished) == before


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
