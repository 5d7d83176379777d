"""Signals to a run, to its ranks and to sweeps: all of it ends, soon, in order, and says so.

All ways of a stop, and every signal to every process of a training, N times at random moments:

    REID_SIGNALS=20 pytest tests/robustness/test_signals.py
"""

import csv
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from processes import Family

ROOT = Path(__file__).parents[2]
TRAIN, EVALUATE = str(ROOT / "train.py"), str(ROOT / "evaluate.py")
TIMES = int(os.environ.get("REID_SIGNALS", "0"))
CASES = [(s, t) for s in ("TERM", "INT", "KILL") for t in ("supervisor", "0", "1")]
SOON = 10.0 if TIMES else 30.0  # seconds; other tests may run beside these
STATUS = {"TERM": 143, "INT": 130}


@pytest.fixture
def options(tiny_overrides: list[str]) -> list[str]:
    return [*tiny_overrides, "trainer.max_epochs=500", "hydra.run.dir=run"]


def state(folder: Path) -> str:
    state: str = json.loads((folder / "status.json").read_text())["state"]
    return state


def checkpoint(folder: Path) -> Path:
    return folder / "checkpoints" / "last.ckpt"


def rank(family: Family, number: int) -> int:
    """The process that the supervisor has started; what that starts may inherit its number."""
    (pid,) = (p for p in family.pids(f"LOCAL_RANK={number}") if parent(p) == family.first.pid)
    return pid


def parent(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", STATUS)
def test_one_process_stops_after_a_step_that_it_saves(
    name: str, options: list[str], tmp_path: Path
) -> None:
    """With loader processes, which the signal reaches too, in its first epoch."""
    many = ["data.p=2", "data.k=2", "data.workers=2", "data.cache_gib=0"]  # steps
    family = Family(TRAIN, *options, *many, cwd=tmp_path)
    family.wait_for(lambda: len(family.pids()) == 3)
    time.sleep(1.0)
    os.killpg(family.first.pid, signal.Signals[f"SIG{name}"])
    assert family.end(SOON) == STATUS[name]
    run = tmp_path / "run"
    output = family.output()
    assert f"Stopped by SIG{name}. python train.py resume={run} continues the run." in output
    assert "Traceback" not in output
    assert state(run) == "stopped" and torch.load(checkpoint(run), weights_only=True)


def test_a_rank_that_gets_the_signal_alone_stops_the_job(
    options: list[str], tmp_path: Path
) -> None:
    family = Family(TRAIN, *options, "trainer.devices=2", cwd=tmp_path)
    family.wait_for(checkpoint(tmp_path / "run").is_file)
    os.kill(rank(family, 1), signal.SIGTERM)
    assert family.end(SOON) == 143
    assert "Stopped by SIGTERM. python train.py resume=" in family.output()
    assert "Error" not in family.output()
    assert state(tmp_path / "run") == "stopped"


@pytest.mark.slow
def test_a_killed_rank_ends_its_job_and_not_the_sweep(
    tiny_overrides: list[str], tmp_path: Path
) -> None:
    jobs = ["-m", "trainer.max_epochs=500,1", "trainer.devices=2", "hydra.sweep.dir=sweep"]
    family = Family(TRAIN, *tiny_overrides, *jobs, cwd=tmp_path)
    sweep = tmp_path / "sweep"
    family.wait_for(checkpoint(sweep / "0").is_file)
    os.kill(rank(family, 1), signal.SIGKILL)
    assert family.end(100.0) == 1, "a job has no result"
    with (sweep / "summary.csv").open() as file:
        by_job = {row["folder"]: row["status"] for row in csv.DictReader(file)}
    assert by_job == {"0": "failed: Rank 1 of the job was killed by SIGKILL.", "1": "finished"}


@pytest.mark.slow
def test_a_stopped_sweep_starts_no_other_job(tiny_overrides: list[str], tmp_path: Path) -> None:
    jobs = ["-m", "seed=0,1", "trainer.max_epochs=500", "hydra.sweep.dir=sweep"]
    family = Family(TRAIN, *tiny_overrides, *jobs, cwd=tmp_path)
    sweep = tmp_path / "sweep"
    family.wait_for(checkpoint(sweep / "0").is_file)
    family.first.terminate()
    assert family.end(SOON) == 143 and not (sweep / "1").exists()
    hint = f"python train.py -m resume_sweep={sweep} continues the sweep."
    assert f"Stopped by SIGTERM. {hint}" in family.output()
    assert state(sweep) == "stopped" and state(sweep / "0") == "stopped"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"),
    [("TERM", "sweep"), ("INT", "job"), ("KILL", "sweep")],
)
def test_jobs_in_processes_of_their_own_are_stopped_in_order(
    name: str, target: str, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """More jobs than processes: no other job starts."""
    jobs = ["-m", "seed=0,1,2", "trainer.max_epochs=500", "hydra.sweep.dir=sweep"]
    joblib = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    family = Family(TRAIN, *tiny_overrides, *jobs, *joblib, cwd=tmp_path)
    folders = [tmp_path / "sweep" / job for job in "01"]
    family.wait_for(lambda: all(checkpoint(folder).is_file() for folder in folders))
    job = int(json.loads((folders[1] / "status.json").read_text())["process"])
    os.kill(family.first.pid if target == "sweep" else job, signal.Signals[f"SIG{name}"])
    assert family.end(SOON) == (-signal.SIGKILL if name == "KILL" else STATUS[name])
    assert [state(folder) for folder in folders] == ["stopped"] * 2
    if name != "KILL":
        assert state(tmp_path / "sweep") == "stopped"
    assert not (tmp_path / "sweep" / "2" / "checkpoints").exists()


@pytest.mark.slow
def test_an_evaluation_is_stopped(
    trained_run: Path, tiny_overrides: list[str], tmp_path: Path
) -> None:
    """Before its ranks have embedded anything."""
    data = [o for o in tiny_overrides if o.startswith("data") and "data.p=" not in o]
    own = [
        f"checkpoint={trained_run}/checkpoints/best.ckpt",
        "trainer.accelerator=cpu",
        "trainer.devices=2",
    ]
    cache = f"data.cache={tmp_path}/cache"
    family = Family(EVALUATE, *data, *own, cache, "hydra.run.dir=run", cwd=tmp_path)
    family.wait_for(lambda: family.pids("LOCAL_RANK=1"))
    family.first.terminate()
    assert family.end(SOON) == 143 and state(tmp_path / "run") == "stopped"
    assert "Stopped by SIGTERM. Nothing was scored." in family.output()
    assert not list((tmp_path / "cache").glob("*.partial"))


@pytest.mark.skipif(TIMES == 0, reason="takes an hour; see the module's docstring")
@pytest.mark.parametrize("trial", range(TIMES))
@pytest.mark.parametrize(("name", "target"), CASES)
def test_any_moment(name: str, target: str, trial: int, options: list[str], tmp_path: Path) -> None:
    family = Family(TRAIN, *options, "trainer.devices=2", cwd=tmp_path)
    family.wait_for(lambda: family.pids("LOCAL_RANK=1"))
    time.sleep(random.Random(f"{name}{target}{trial}").uniform(0.0, 14.0))
    pid = family.first.pid if target == "supervisor" else rank(family, int(target))
    os.kill(pid, signal.Signals[f"SIG{name}"])
    status = family.end(SOON)
    killed = -signal.SIGKILL if target == "supervisor" else 1
    assert status == (killed if name == "KILL" else STATUS[name]), family.output()
    last = checkpoint(tmp_path / "run")
    assert not last.is_file() or torch.load(last, weights_only=True)


def test_a_signal_before_the_run_has_begun_stops_it(options: list[str], tmp_path: Path) -> None:
    """Its folder is there, and its imports take seconds."""
    family = Family(TRAIN, *options, cwd=tmp_path)
    family.wait_for((tmp_path / "run" / "train.log").is_file)
    time.sleep(0.3)
    family.first.send_signal(signal.SIGTERM)
    assert family.end(SOON) == STATUS["TERM"]
    assert state(tmp_path / "run") == "stopped" and "resume=" in family.output()
