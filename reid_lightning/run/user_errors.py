"""What is told where something is wrong, and what ends then: the run, or one job of a sweep."""

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
from reid_lightning.errors import ReIDError, sentence

log = logging.getLogger(__name__)

# Errors of the libraries that say well enough what the user should change.
CLEAR_ERRORS = (HydraException, OmegaConfBaseException, MisconfigurationException)
_EXTRAS = ("hydra/launcher/joblib", "hydra/launcher/submitit", "hydra/sweeper/optuna")


@contextmanager
def report_errors() -> Iterator[None]:
    """End in one sentence, in the log too, where the user can put right what went wrong.

    A job of a sweep ends alone, whatever went wrong, and the sweep goes on; only Ctrl-C and the
    like end both.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        told = _told(error)
        if in_sweep() and not _stopped(error):
            _end_job(error, told)
        elif told is None:
            raise
        else:
            log.error("Error: %s", told)
            sys.exit(1)


def in_sweep() -> bool:
    """Whether this is a job of a sweep."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def failed_score() -> float:
    """What a failed job of a sweep returns: NaN.

    Raises:
        ReIDError: to Optuna's sweeper, which takes no NaN but counts a job that raises as failed.
    """
    if "optuna" in HydraConfig.get().sweeper._target_:
        raise ReIDError("This job failed, as its log tells.")
    return math.nan


def _told(error: BaseException) -> str | None:
    if isinstance(error, SystemExit):
        return None  # has been told, or is not the user's to put right
    missing = str(getattr(error, "missing_cfg_file", ""))  # of a MissingConfigException
    if missing.startswith(_EXTRAS):
        return f"{missing} comes with an extra that is not installed: pip install -e '.[sweep]'."
    if (told := sentence(error)) is not None:
        return told
    return " ".join(str(error).split()) if isinstance(error, CLEAR_ERRORS) else None


def _stopped(error: BaseException | None) -> bool:
    """Whether somebody stopped the run, which Lightning then ends with a SystemExit."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | SIGTERMException):
            return True
        error = error.__cause__ or error.__context__
    return False


def _end_job(error: BaseException, told: str | None) -> None:
    """Tell why a job of a sweep failed, and leave nothing behind for the next one."""
    if told is None:
        told = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")
        log.error("Error: %s", told, exc_info=error)
    else:
        log.error("Error: %s", told)
    finish_wandb()
