"""How errors are reported, and what they end: the run, or one job of a sweep."""

import logging
import math
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, InstantiationException
from hydra.types import RunMode
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf.errors import OmegaConfBaseException

from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.errors import ReIDError, error_message
from reid_lightning.process import Stopped, received_signal
from reid_lightning.results.status import write_status
from reid_lightning.run.held_sweep import held_sweep, release_sweeps
from reid_lightning.run.override_errors import (
    composition_message,
    instantiation_message,
    is_of_own_code,
    resolution_message,
)
from reid_lightning.run.typed_command import typed_command

log = logging.getLogger(__name__)

# Errors of libraries whose messages say clearly what the user should change.
CLEAR_ERRORS = (HydraException, OmegaConfBaseException, MisconfigurationException)
_PLUGINS = ("hydra/launcher/joblib", "hydra/launcher/submitit", "hydra/sweeper/optuna")


@contextmanager
def report_errors(*, resumable: bool) -> Iterator[None]:
    """Report what ends a command: an error that the user can correct, in one sentence, or a stop.

    Args:
        resumable: `resume_sweep=` continues a sweep that was stopped.

    Raises:
        SystemExit: with status 1 after an error, and 128 + the signal (`Stopped`) after a signal.
    """
    try:
        yield
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        sweep, message = held_sweep(), clear_message(error)
        if stop := as_stop(error):
            if sweep:
                hint = f"{typed_command('train')} -m resume_sweep={sweep} continues the sweep."
                log.error("%s. %s", stop, hint if resumable else f"Its jobs are in {sweep}.")
            raise stop from None
        if sweep and not isinstance(error, SystemExit):
            message = message or _sweeps_end(error, sweep, resumable=resumable)
            write_status(sweep, "failed", message=message)
        if message is None:
            raise
        log.error("Error: %s", message)
        sys.exit(1)
    finally:
        release_sweeps()


@contextmanager
def exit_on_errors() -> Iterator[None]:
    """Exit on any error in a callback of Hydra's, which would make a warning of it, and go on."""
    try:
        yield
    except Exception as error:
        message = clear_message(error) or traceback.format_exc()
        if sweep := held_sweep():
            write_status(sweep, "failed", message=message)
        print(f"Error: {message}", file=sys.stderr)
        sys.exit(1)


@contextmanager
def report_job_errors(*, resumable: bool) -> Iterator[None]:
    """Report what ends a job, also in its log.

    A job of a sweep ends alone, whatever went wrong, and the sweep continues; only a signal ends
    both.

    Args:
        resumable: `resume=` continues a job that was stopped.

    Raises:
        SystemExit: as `report_errors`, but for errors of a sweep's job.
    """
    try:
        yield
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if stop := as_stop(error):
            if not isinstance(error, Stopped):
                log.warning("After the signal: %s", type_and_text(error))
            if not in_sweep():
                folder = HydraConfig.get().runtime.output_dir
                hint = f"{typed_command('train')} resume={folder} continues the run."
                log.error("%s. %s", stop, hint if resumable else "Nothing was scored.")
            raise stop from None
        message = clear_message(error)
        if in_sweep():
            _end_job(error, message)
        elif message is None:
            raise
        else:
            log.error("Error: %s", message)
            sys.exit(1)


def report_thread_error(error: threading.ExceptHookArgs) -> None:
    """Report what ends a thread, such as TensorBoard's on a full disk; see `threading.excepthook`.

    Who waits for the thread fails, too, and ends the command.
    """
    message = clear_message(error.exc_value) if error.exc_value else None
    if message is None:
        threading.__excepthook__(error)
    else:
        log.warning("A thread ended: %s", message)


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


def clear_message(error: BaseException) -> str | None:
    """What the user can do about an error; None of a bug, or of what was reported already."""
    if isinstance(error, SystemExit):
        return None
    missing = str(getattr(error, "missing_cfg_file", ""))  # of a MissingConfigException
    if missing.startswith(_PLUGINS):
        return f"{missing} comes with an extra that is not installed: pip install '.[sweep]'."
    if (message := error_message(error)) is not None:
        return message
    if isinstance(error, ConfigCompositionException):
        return composition_message(error)
    if isinstance(error, InstantiationException):
        return instantiation_message(error)
    if isinstance(error, ValueError) and str(error).startswith("Unable to configure"):
        return f"hydra.job_logging cannot be used: {error.__cause__ or error}."
    if isinstance(error, OmegaConfBaseException):
        return resolution_message(error)
    text = " ".join(str(error).split())
    if isinstance(error, yaml.YAMLError):  # Hydra's, of a file that it composes
        return f"A YAML file cannot be read: {text}."
    return text if isinstance(error, CLEAR_ERRORS) else None


def type_and_text(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def as_stop(error: BaseException) -> Stopped | None:
    """The stop that an error is, or follows from: after a signal, everything does."""
    if isinstance(error, Stopped):
        return error
    signum = signal.SIGINT if isinstance(error, KeyboardInterrupt) else received_signal()
    return None if signum is None else Stopped(signum)


def _sweeps_end(error: BaseException, sweep: Path, *, resumable: bool) -> str:
    """What a sweeper's or a launcher's error says: a job's own has ended the job alone."""
    own = is_of_own_code(error)
    log.log(logging.ERROR if own else logging.DEBUG, "The sweep's error:", exc_info=error)
    text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".rstrip(". :")
    again = f": {typed_command('train')} -m resume_sweep={sweep} continues it"
    return (
        f"The sweep ended before its jobs did ({text}): correct hydra.sweeper or hydra.launcher "
        f"if this is about their values. The jobs' folders are kept{again if resumable else ''}."
    )


def _end_job(error: BaseException, message: str | None) -> None:
    """Log why a job of a sweep failed, and leave nothing behind for the next one."""
    if message is None:
        message = type_and_text(error)
        log.error("Error: %s", message, exc_info=error)
    else:
        log.error("Error: %s", message)
    finish_wandb()
