"""The command `train`: one training, or a sweep of them."""

import gc
import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from reid_lightning.process import stop_signals
from reid_lightning.run.command_line import (
    log_on_rank_zero,
    run_command,
    silence_expected_warnings,
)
from reid_lightning.run.help import asks_for_help, help_text
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.own_folder import own_folder
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.resume import resume_args
from reid_lightning.run.resume_sweep import resume_sweep_args
from reid_lightning.run.sweep_jobs import of_sweep
from reid_lightning.run.sweep_log import begin_job_log
from reid_lightning.run.training import run_training
from reid_lightning.run.user_errors import failed_score, report_job_errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, by default those that were typed."""
    typed = sys.argv[1:] if arguments is None else arguments
    if asks_for_help(typed):
        run_command(lambda: print(help_text("train", typed)), resumable=False)
    else:
        run_command(lambda: _start(typed), resumable=True)


def _start(arguments: Sequence[str]) -> None:
    """Start a run or a sweep, or resume one."""
    run_hydra_app(job, "train", resume_sweep_args(resume_args(arguments)))


def job(config: DictConfig) -> float:
    """Train, keep the best checkpoint, test it; returns the score it was chosen by."""
    with of_sweep(), stop_signals(), report_job_errors(resumable=True):
        log_on_rank_zero()
        begin_job_log()
        with own_folder(resumes=config.resume is not None):
            import_users_modules()
            silence_expected_warnings()
            gc.collect()  # the garbage of a sweep's last job would keep the device's memory
            return run_training(config)
    return failed_score()
