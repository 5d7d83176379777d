"""A sweep that was killed half-way is resumed with its unfinished jobs, and no others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from reid_lightning import __version__
from reid_lightning.errors import ReIDError
from reid_lightning.run.resume_sweep import check_same_job, resume_sweep_args

TRAIN = Path(__file__).parents[2] / "train.py"


def start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    """train.py, as the leader of its own process group."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = [sys.executable, str(TRAIN), *arguments]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, **pipes)


@pytest.mark.slow
def test_a_killed_sweep_runs_only_the_rest(tiny_overrides: list[str], tmp_path: Path) -> None:
    """In folders that are named for overrides, too, of which that of the resuming is none."""
    keys = ",".join(option.split("=")[0] for option in tiny_overrides)
    own = [
        "seed=0,1,2",
        "trainer.max_epochs=3",
        "hydra.sweep.dir=sweep",
        "hydra.sweep.subdir='${hydra.job.num}_${hydra.job.override_dirname}'",
        f"hydra.job.config.override_dirname.exclude_keys=[{keys}]",
    ]
    jobs = [tmp_path / "sweep" / f"{number}_seed={number}" for number in range(3)]
    run = start(tmp_path, "-m", *tiny_overrides, *own)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and run.poll() is None:
        if (jobs[1] / "checkpoints" / "last.ckpt").is_file():
            break
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    output, _ = run.communicate()
    assert (jobs[0] / "metrics.json").is_file() and not (jobs[1] / "metrics.json").exists(), output
    scored = (jobs[0] / "metrics.json").stat().st_mtime_ns

    again = start(tmp_path, "-m", "resume_sweep=sweep")
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert (jobs[0] / "metrics.json").stat().st_mtime_ns == scored, "it was finished"
    assert "Resuming the run in" in (jobs[1] / "train.log").read_text()
    assert output.count("epoch 1/3") == 1, "job 2 begins, and job 1 resumes after its first epoch"
    assert sorted(path for path in (tmp_path / "sweep").iterdir() if path.is_dir()) == jobs
    assert (tmp_path / "sweep" / "summary.csv").read_text().count("finished") == 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a sweep that was resumed once left."""
    overrides = {
        "hydra": ["hydra.sweep.dir=multirun/x", "hydra.mode=MULTIRUN"],
        "task": ["loss=hard,semihard", "resume='${hydra:runtime.output_dir}'"],
    }
    sources = [{"provider": "main", "path": "/conf"}, {"provider": "command-line", "path": "/own"}]
    job = {"config": {"override_dirname": {"exclude_keys": ["seed", "resume"]}}}
    hydra = {"overrides": overrides, "job": job, "runtime": {"config_sources": sources}}
    written = yaml.safe_dump({"version": __version__, "hydra": hydra})
    (tmp_path / "multirun.yaml").write_text(written)
    return tmp_path


def test_resume_sweep_is_spelled_out_for_hydra(folder: Path) -> None:
    expected = [
        "-m",
        "--config-dir=/own",
        "hydra.sweep.dir=multirun/x",
        "hydra.mode=MULTIRUN",
        "loss=hard,semihard",
        f"hydra.sweep.dir='{folder}'",
        "hydra.job.config.override_dirname.exclude_keys=[resume,seed]",
        "resume='${hydra:runtime.output_dir}'",
    ]
    assert resume_sweep_args(["-m", f"resume_sweep={folder}"]) == expected
    assert resume_sweep_args([f"resume_sweep={folder}"]) == expected, "-m goes without saying"
    assert resume_sweep_args(["-m", "loss=hard,semihard"]) == ["-m", "loss=hard,semihard"]


@pytest.mark.parametrize("refused", ["loss=hard", "trainer.max_epochs=9", "hydra.sweep.dir=x"])
def test_nothing_else_can_be_given_with_resume_sweep(refused: str, folder: Path) -> None:
    with pytest.raises(ReIDError, match=rf"^{refused} cannot be given with resume_sweep="):
        resume_sweep_args(["-m", f"resume_sweep={folder}", refused])


def test_a_sweep_of_another_version_is_refused(folder: Path) -> None:
    path = folder / "multirun.yaml"
    path.write_text(path.read_text().replace(f"version: {__version__}", "seed: 0"))
    with pytest.raises(ReIDError, match=r"was made by reid-lightning 0\.1, which this version"):
        resume_sweep_args([f"resume_sweep={folder}"])


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match=r"There is no sweep to resume at .*nowhere"):
        resume_sweep_args([f"resume_sweep={tmp_path}/nowhere"])


def test_a_checkpoint_of_another_job_is_not_resumed(tmp_path: Path) -> None:
    trained = {
        "seed": 0,
        "loss": {"margin": 0.3, "mining": "hard"},
        "trainer": {"max_epochs": 5, "precision": "32-true"},
        "data": {"root": "a", "p": 8},
    }
    longer = {"trainer": {"max_epochs": 9, "precision": "32-true"}, "data": {"root": "b", "p": 8}}
    check_same_job(tmp_path, trained, trained | longer)
    check_same_job(tmp_path, trained | {"version": "0.2.0"}, trained | {"version": "0.2.1"})
    with pytest.raises(ReIDError, match=r"with another loss\.margin, seed than the sweep now asks"):
        check_same_job(tmp_path, trained, trained | {"loss": {"mining": "hard"}, "seed": 1})
