"""A training that continues the run in a folder."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.results.status import write_status
from reid_lightning.run.build import kept_config
from reid_lightning.run.resume import (
    ResumePoint,
    find_results,
    find_resume_point,
    keep_max_epochs,
)
from reid_lightning.run.resume_sweep import check_same_job
from reid_lightning.run.user_errors import in_sweep

log = logging.getLogger(__name__)

_RESUMED = "Resuming the run in %s after %d steps (%.3g epochs)."
_FINISHED = (
    "The run in %s is finished: all %d epochs are trained and metrics.json holds its scores."
)
_TRAIN_LONGER = "Add trainer.max_epochs=N to train it for longer."


def resume_job(config: DictConfig) -> tuple[DictConfig, ResumePoint, dict[str, Any] | None]:
    """Find where the run in `config.resume` stopped, and log it.

    Returns:
        The configuration to train with, the resume point, and the results of a run that is
        finished already.

    Raises:
        ReIDError: a sweep's job was trained with other settings, or for longer than is asked for.
    """
    folder = Path(config.resume)
    resume_point = find_resume_point(folder)
    max_epochs = config.trainer.max_epochs
    if in_sweep() and resume_point.config:
        check_same_job(folder, resume_point.config, kept_config(config))
        # A job that was resumed alone may have been given more epochs than its sweep.
        max_epochs = max(max_epochs, resume_point.max_epochs)
    results = find_results(folder, resume_point, max_epochs)
    if results:
        message = _FINISHED if in_sweep() else f"{_FINISHED} {_TRAIN_LONGER}"
        log.info(message, folder, results["epochs"])
    else:
        log.info(_RESUMED, folder, resume_point.steps, resume_point.epochs)
        progress = {"epochs": resume_point.epochs, "steps": resume_point.steps}
        rank_zero_only(write_status)(folder, "running", **progress)
    keep_max_epochs(folder, max_epochs)
    longer = OmegaConf.merge(config, {"trainer": {"max_epochs": max_epochs}})
    assert isinstance(longer, DictConfig)
    return longer, resume_point, results
