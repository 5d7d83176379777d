"""How errors are reported, and what they end: the run, or one job of a sweep."""

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf.errors import OmegaConfBaseException
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.results.log_lines import ERROR

log = logging.getLogger(__name__)

# Errors of libraries whose messages say clearly what the user should change.
CLEAR_ERRORS = (HydraException, OmegaConfBaseException, MisconfigurationException)
_PLUGINS = ("hydra/launcher/joblib", "hydra/launcher/submitit", "hydra/sweeper/optuna")


@contextmanager
def report_errors() -> Iterator[None]:
    """Report an error that the user can correct in one sentence, also in the log, and exit.

    A job of a sweep ends alone, whatever went wrong, and the sweep continues; only Ctrl-C and
    SIGTERM end both.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        message = _message(error)
        if in_sweep() and not _stopped(error):
            _end_job(error, message)
        elif message is None:
            raise
        else:
            log.error(ERROR, message)
            sys.exit(1)


def in_sweep() -> bool:
    """Whether this is a job of a sweep."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def failed_score() -> float:
    """The score of a sweep's failed job: NaN.

    Raises:
        ReIDError: for Optuna, which accepts no NaN but counts a job that raises as failed.
    """
    if "optuna" in HydraConfig.get().sweeper._target_:
        raise ReIDError("This job failed; its log holds the error.")
    return math.nan


def _message(error: BaseException) -> str | None:
    if isinstance(error, SystemExit):
        return None  # was reported already, or is nothing that the user can correct
    missing = str(getattr(error, "missing_cfg_file", ""))  # of a MissingConfigException
    if missing.startswith(_PLUGINS):
        return f"{missing} comes with an extra that is not installed: pip install -e '.[sweep]'."
    if (message := error_message(error)) is not None:
        return message
    return " ".join(str(error).split()) if isinstance(error, CLEAR_ERRORS) else None


def _stopped(error: BaseException | None) -> bool:
    """Whether the user stopped the run, which Lightning then ends with a SystemExit."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | SIGTERMException):
            return True
        error = error.__cause__ or error.__context__
    return False


def _end_job(error: BaseException, message: str | None) -> None:
    """Log why a job of a sweep failed, and leave nothing behind for the next one."""
    if message is None:
        message = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")
        log.error(ERROR, message, exc_info=error)
    else:
        log.error(ERROR, message)
    finish_wandb()
