"""The command `evaluate`: score a checkpoint on a data set, or on several."""

import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from reid_lightning.process import stop_signals
from reid_lightning.run.command_line import log_on_rank_zero, run_command
from reid_lightning.run.evaluation import run_evaluation
from reid_lightning.run.help import asks_for_help, help_text
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.own_folder import own_folder
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.sweep_jobs import of_sweep
from reid_lightning.run.sweep_log import begin_job_log
from reid_lightning.run.user_errors import failed_score, report_job_errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, by default those that were typed."""
    typed = sys.argv[1:] if arguments is None else arguments
    if asks_for_help(typed):
        run_command(lambda: print(help_text("evaluate", typed)), resumable=False)
    else:
        run_command(lambda: run_hydra_app(job, "evaluate", typed), resumable=False)


def job(config: DictConfig) -> float:
    """Rank the set's official query and gallery by the checkpoint's embeddings; returns mAP."""
    with of_sweep(), stop_signals(), report_job_errors(resumable=False):
        log_on_rank_zero()
        begin_job_log()
        with own_folder(resumes=False):
            import_users_modules()
            return run_evaluation(config)
    return failed_score()
