"""How errors are reported, and what they end: the run, or one job of a sweep."""

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.results.status import State, read_status_file, write_status

log = logging.getLogger(__name__)

# Errors of libraries whose messages say clearly what the user should change.
CLEAR_ERRORS = (HydraException, OmegaConfBaseException, MisconfigurationException)
_PLUGINS = ("hydra/launcher/joblib", "hydra/launcher/submitit", "hydra/sweeper/optuna")


@contextmanager
def report_errors() -> Iterator[None]:
    """Report an error that the user can correct in one sentence, also in the log, and exit.

    A job of a sweep ends alone, whatever went wrong, and the sweep continues; only Ctrl-C and
    SIGTERM end both. What ended a run stands in its status.json.
    """
    try:
        yield
    except KeyboardInterrupt:
        _record("stopped", None)
        raise
    except (Exception, SystemExit) as error:
        message = _message(error)
        if _stopped(error):
            _record("stopped", None)
        elif not isinstance(error, SystemExit) or in_sweep():
            _record("failed", error, message or _type_and_text(error))
        if in_sweep() and not _stopped(error):
            _end_job(error, message)
        elif message is None:
            raise
        else:
            log.error("Error: %s", message)
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


def _record(state: State, error: BaseException | None, message: str = "") -> None:
    """Write how a job ended, if it has a folder of its own that it was writing.

    What another rank has reported of itself is the cause, and stays.
    """
    if not HydraConfig.initialized():
        return
    if OmegaConf.is_missing(HydraConfig.get().runtime, "output_dir"):
        return  # Hydra has not come to the job yet
    folder = Path(HydraConfig.get().runtime.output_dir)
    before = read_status_file(folder).get("state")
    secondary = before == "failed" and getattr(error, "is_secondary", False)
    if before is not None and (before == "running" or in_sweep()) and not secondary:
        write_status(folder, state, **({"message": message} if message else {}))


def _type_and_text(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def _end_job(error: BaseException, message: str | None) -> None:
    """Log why a job of a sweep failed, and leave nothing behind for the next one."""
    if message is None:
        message = _type_and_text(error)
        log.error("Error: %s", message, exc_info=error)
    else:
        log.error("Error: %s", message)
    finish_wandb()
