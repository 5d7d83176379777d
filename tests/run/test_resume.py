"""A run that is killed with SIGKILL and resumed ends as if it had never been stopped.

Ten kills at other moments than CI's two:

    REID_KILLS=10 REID_KILL_SEED=1 pytest tests/run/test_resume.py -k sigkill
"""

import csv
import json
import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from omegaconf import OmegaConf
from warm_start import Script

from reid_lightning import __version__
from reid_lightning.engine.checkpoint_io import AtomicCheckpointIO
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.errors import ReIDError
from reid_lightning.run.resume import (
    ResumePoint,
    find_results,
    find_resume_point,
    keep_max_epochs,
    resume_args,
)

KILLS = int(os.environ.get("REID_KILLS", "2"))
SEED = int(os.environ.get("REID_KILL_SEED", "0"))


@pytest.fixture(scope="module")
def options(tiny_overrides: list[str]) -> list[str]:
    """As many epochs of 7 steps as kills, so that none comes too late; all that is random is on."""
    own = ["data.p=8", "data.workers=1", "loss=triplet", "model.dropout=0.2"]
    return [*tiny_overrides, *own, f"trainer.max_epochs={KILLS}", "checkpoint_every_n_steps=2"]


def finish(run: Script) -> str:
    done = run.end()
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(condition: Callable[[], bool], run: Script) -> None:
    """Wait until something has happened, or the run has ended."""
    deadline = time.monotonic() + 300
    while not condition() and run.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)


def written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def outcome(folder: Path) -> dict[str, Any]:
    """All that two equal runs share: everything but timings and their folders' names."""
    last, best = (
        torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        for name in ("last", "best")
    )
    kept = {k: last[k] for k in ("epoch", "global_step", "state_dict", "lr_schedulers")}
    with (folder / "metrics.csv").open() as file:
        rows = [dict(r, **{"train/images_per_second": ""}) for r in csv.DictReader(file)]
    output = json.loads((folder / "metrics.json").read_text())
    return kept | {
        "optimizers": last["optimizer_states"],
        "scores": [s.get("best_model_score") for s in last["callbacks"].values()],
        "best": best["state_dict"],
        "rows": rows,
        "results": {k: v for k, v in output.items() if "second" not in k},
    }


def same(one: Any, two: Any) -> bool:
    """Equal to the last bit, tensors in any nesting included."""
    if isinstance(one, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two)


def check_same(one: Path, two: Path) -> None:
    first, second = outcome(one), outcome(two)
    assert first["rows"] == second["rows"]
    assert [key for key in first if not same(first[key], second[key])] == []


def test_a_run_killed_with_sigkill_ends_as_one_that_was_not(
    options: list[str], start_script: Callable[..., Script], tmp_path: Path
) -> None:
    start = partial(start_script, "train.py", cwd=tmp_path)
    whole = start(*options, "hydra.run.dir=whole")
    rng = random.Random(SEED)
    killed, last = tmp_path / "killed", tmp_path / "killed" / "checkpoints" / "last.ckpt"
    for kill in range(KILLS):
        resume = ["resume=killed"] if (killed / ".hydra" / "config.yaml").is_file() else options
        run = start(*resume, *([] if resume != options else ["hydra.run.dir=killed"]))
        # The first kill comes before the first checkpoint, later ones after some more.
        wait_for(lambda: (killed / ".hydra" / "config.yaml").is_file(), run)
        for _ in range(rng.randrange(1, 4) if kill else 0):
            before = written(last)
            wait_for(lambda before=before: written(last) != before, run)  # type: ignore[misc]
        time.sleep(rng.uniform(0.0, 0.5))
        run.kill()
    output = finish(start("resume=killed"))
    assert "Resuming the run in" in output and not list(killed.rglob("*.partial"))
    finish(whole)
    check_same(tmp_path / "whole", killed)


@pytest.mark.slow
def test_two_processes_that_a_signal_stops_end_as_if_it_had_not(
    options: list[str], start_script: Callable[..., Script], tmp_path: Path
) -> None:
    """In the middle of an epoch, without a checkpoint there but the one that it leaves."""
    two = [
        *options,
        "data.p=2",
        "data.k=2",
        "trainer.devices=2",
        "data.workers=0",
        "trainer.max_epochs=2",
    ]
    two += ["checkpoint_every_n_steps=null"]
    start = partial(start_script, "train.py", cwd=tmp_path)
    run = start(*two, "hydra.run.dir=stopped")
    stopped = tmp_path / "stopped"
    wait_for((stopped / "checkpoints" / "last.ckpt").is_file, run)
    time.sleep(0.3)
    run.send_signal(signal.SIGTERM)
    stop = run.end()
    assert stop.returncode == 143, stop.stdout + stop.stderr
    assert 1 < find_resume_point(stopped).epochs < 2
    assert "Resuming the run in" in finish(start("resume=stopped"))
    finish(start(*two, "hydra.run.dir=whole"))
    check_same(tmp_path / "whole", stopped)


def test_a_subclass_of_the_datamodule_is_resumed(
    script: Callable[..., Any],
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lightning stores a DataModule's own state under its class name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    own = ["data._target_=probes.OwnData", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *own, cwd=tmp_path)
    done = script("train.py", "resume=run", "trainer.max_epochs=2", cwd=tmp_path)
    assert "Resuming the run in" in done.stdout and "epoch 2/2" in done.stdout
    assert "epoch 1/2" not in done.stdout


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    (tmp_path / ".hydra").mkdir()
    config = f"version: {__version__}\ntrainer:\n  max_epochs: 5\nx: ${{hydra:y}}\n"
    (tmp_path / ".hydra" / "config.yaml").write_text(config)
    return tmp_path


def test_resume_is_spelled_out_for_hydra(run_folder: Path) -> None:
    arguments = resume_args([f"resume={run_folder}", "trainer.max_epochs=9"])
    assert f"--config-path={run_folder}/.hydra" in arguments
    assert f"hydra.run.dir='{run_folder}'" in arguments and "trainer.max_epochs=9" in arguments
    assert resume_args(arguments) == arguments, "as other ranks are started"
    assert resume_args(["loss=hard"]) == ["loss=hard"] and resume_args(["resume=null"]) == [
        "resume=null"
    ]


@pytest.mark.parametrize("refused", ["loss=hard", "-m", "optimizer.lr=1", "hydra.run.dir=x"])
def test_nothing_else_can_be_given_with_resume(refused: str, run_folder: Path) -> None:
    with pytest.raises(ReIDError, match=rf"^{refused} cannot be given with resume="):
        resume_args([f"resume={run_folder}", refused])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match=r"There is no run to resume at .*nowhere"):
        resume_args([f"resume={tmp_path}/nowhere"])


def test_a_run_of_another_version_is_refused(run_folder: Path) -> None:
    config = run_folder / ".hydra" / "config.yaml"
    for line, version in (("", "0.1"), ("version: 0.9.3\n", "0.9.3")):
        config.write_text(f"{line}seed: 0\n")
        with pytest.raises(ReIDError, match=rf"was made by reid-lightning {version}, which this"):
            resume_args([f"resume={run_folder}"])


def test_what_a_kill_left_half_written_is_removed_and_a_run_without_checkpoint_starts_over(
    run_folder: Path,
) -> None:
    partial = run_folder / "checkpoints" / "last.ckpt.partial"
    partial.parent.mkdir()
    partial.write_bytes(b"half")
    assert find_resume_point(run_folder) == ResumePoint(None) and not partial.exists()


def test_a_finished_run_is_known_by_its_results(run_folder: Path) -> None:
    assert find_results(run_folder, ResumePoint(None, 5.0, 35), 5) is None, "killed before its test"
    results = {"epochs": 5, "val/mAP": 0.5, "test/mAP": 0.4}
    (run_folder / "metrics.json").write_text(json.dumps(results))
    assert find_results(run_folder, ResumePoint(None, 5.0, 35), 5) == results
    assert find_results(run_folder, ResumePoint(None, 5.0, 35), 6) is None
    assert find_results(run_folder, ResumePoint(None, 6.0, 42), 6) is None, (
        "an earlier end's results"
    )
    with pytest.raises(ReIDError, match=r"max_epochs=4 is less than the 4.5 epochs"):
        find_results(run_folder, ResumePoint(None, 4.5, 31), 4)


def test_a_run_that_was_stopped_early_is_finished_until_it_is_given_more_epochs(
    run_folder: Path,
) -> None:
    point = ResumePoint(None, 3.0, 21, {"trainer": {"max_epochs": 5}})
    results = {"epochs": 3, "test/mAP": 0.4}
    (run_folder / "metrics.json").write_text(json.dumps(results))
    assert find_results(run_folder, point, 5) == results
    assert find_results(run_folder, point, 9) is None


def test_raised_epochs_are_kept_for_the_next_resume(run_folder: Path) -> None:
    keep_max_epochs(run_folder, 9)
    config = OmegaConf.load(run_folder / ".hydra" / "config.yaml")
    expected = {"version": __version__, "trainer": {"max_epochs": 9}, "x": "${hydra:y}"}
    assert OmegaConf.to_container(config) == expected


def test_a_save_that_is_cut_short_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, files = tmp_path / "checkpoints" / "last.ckpt", AtomicCheckpointIO()
    files.save_checkpoint({"step": 1}, path)

    def cut_short(content: Any, partial: BinaryIO) -> None:
        partial.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", cut_short)
    with pytest.raises(KeyboardInterrupt):
        files.save_checkpoint({"step": 2}, path)
    assert files.load_checkpoint(path) == {"step": 1}
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".ckpt"] == ["last.ckpt"]


def test_metrics_csv_keeps_its_rows_up_to_the_checkpoint(tmp_path: Path) -> None:
    whole = MetricsCSV(tmp_path)
    for step in (3, 7, 11):
        whole.log_metrics({"val/mAP": step / 7, "epoch": step // 4}, step)
        whole.log_metrics({"train/loss": 0.1 * step}, step)
    expected = (tmp_path / "metrics.csv").read_bytes()
    head, first, *others = expected.decode().splitlines()
    assert head == "epoch,step,train/loss,val/mAP" and len(others) == 2, "a row an epoch"
    assert first == f"0,3,{0.1 * 3},{3 / 7}"
    resumed_log = MetricsCSV(tmp_path, resume_step=8)
    assert (tmp_path / "metrics.csv").read_bytes() == expected, "until there is a new row"
    resumed_log.log_metrics({"val/mAP": 11 / 7, "epoch": 2}, 11)
    resumed_log.log_metrics({"train/loss": 0.1 * 11}, 11)
    assert (tmp_path / "metrics.csv").read_bytes() == expected
    MetricsCSV(tmp_path, resume_step=0).log_metrics({"epoch": 0}, 3)
    assert (tmp_path / "metrics.csv").read_text().split() == ["epoch,step", "0,3"]
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.csv"]
