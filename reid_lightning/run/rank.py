"""The work of a rank that a supervisor has started: a part of a training, or of embedding."""

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from reid_lightning.files import named_in_errors
from reid_lightning.process import Stopped
from reid_lightning.run.command_line import log_on_rank_zero, silence_expected_warnings
from reid_lightning.run.evaluation import embed_rank
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.rank_link import SupervisorLink
from reid_lightning.run.training import train_rank
from reid_lightning.run.user_errors import clear_message, report_thread_error, type_and_text

_WORK: dict[str, Callable[[DictConfig], None]] = {"train": train_rank, "evaluate": embed_rank}


def run_rank(link: SupervisorLink, command: str, arguments: list[str]) -> None:
    """Do this rank's part of the job that `arguments` describe; its errors go to the supervisor.

    Args:
        link: to the supervisor.
        command: `train` or `evaluate`.
        arguments: Hydra's.
    """

    def job(config: DictConfig) -> None:
        import_users_modules()
        silence_expected_warnings()
        threading.excepthook = report_thread_error
        log_on_rank_zero()
        try:
            with named_in_errors(Path(HydraConfig.get().runtime.output_dir)):
                _WORK[command](config)
        except Stopped:
            raise
        except BaseException as error:
            message = clear_message(error)
            text = "" if message else traceback.format_exc()
            link.report_error(message or type_and_text(error), text)
            sys.exit(1)

    run_hydra_app(job, command, arguments)
