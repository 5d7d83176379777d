"""Trainings and evaluations from Python: the same as the commands, with errors raised."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from reid_lightning.errors import ReIDError
from reid_lightning.results.metrics_json import read_results
from reid_lightning.results.status import write_status
from reid_lightning.run.command_line import silence_expected_warnings
from reid_lightning.run.evaluation import run_evaluation
from reid_lightning.run.held_sweep import held_sweep, release_sweeps
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.own_folder import own_folder
from reid_lightning.run.paths import quoted
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.resume import resume_args
from reid_lightning.run.training import run_training
from reid_lightning.run.user_errors import clear_message, in_sweep


class Run(NamedTuple):
    """A run that has ended.

    Args:
        folder: of all that it has left, such as checkpoints/best.ckpt.
        results: the content of its metrics.json: `test/rank1`, `test/mAP`, …
    """

    folder: Path
    results: dict[str, Any]


def train(*overrides: str) -> Run:
    """Train a model and score it, as `reid train OVERRIDES…` does.

    Args:
        overrides: such as `"loss=semihard"`, `"trainer.max_epochs=20"`, or `"resume=FOLDER"`.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    return _run("train", run_training, resume_args(overrides))


def evaluate(checkpoint: str | Path | None, *overrides: str) -> Run:
    """Score a checkpoint, as `reid evaluate checkpoint=CHECKPOINT OVERRIDES…` does.

    Args:
        checkpoint: a file that a training wrote; None: the overrides name a network and its
            weights, such as `"model=osnet", "model.weights=FILE"`.
        overrides: such as `"data=cuhk03_np"`, `"retrieval=[flip,rerank]"`.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    named = [] if checkpoint is None else [f"checkpoint={quoted(checkpoint)}"]
    return _run("evaluate", run_evaluation, [*named, *overrides])


def _run(name: str, work: Callable[[DictConfig], float], arguments: list[str]) -> Run:
    folders = list[Path]()
    is_sweep = ReIDError(f"This is a sweep, which only the command runs: reid {name} -m …")

    def job(config: DictConfig) -> None:
        if in_sweep():  # by a choice, such as sweep=losses
            raise is_sweep
        import_users_modules()
        silence_expected_warnings()
        folders.append(Path(HydraConfig.get().runtime.output_dir))
        with own_folder(resumes=config.get("resume") is not None):
            work(config)

    if {"-m", "--multirun"} & {*arguments}:
        raise is_sweep
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra ends the program at an error
    try:
        run_hydra_app(job, name, [*arguments, f"hydra.job.name={name}"])
    except (Exception, SystemExit) as error:
        # A callback of Hydra's can but exit: its error is the context of that.
        cause = error.__context__ if isinstance(error, SystemExit) else error
        if cause is None or (message := clear_message(cause)) is None:
            raise
        if sweep := held_sweep():
            write_status(sweep, "failed", message=message)
        raise ReIDError(message) from error
    finally:
        release_sweeps()
    return Run(folders[0], read_results(folders[0] / "metrics.json"))
