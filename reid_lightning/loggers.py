"""The loggers that may stand beside metrics.csv, in a run that may be resumed."""

import logging
import netrc
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

log = logging.getLogger(__name__)


def tensorboard_logger(resume_step: int | None = None, **options: Any) -> TensorBoardLogger:
    """A TensorBoard logger.

    Args:
        resume_step: steps that a resumed run has trained; what was logged of later ones is hidden.
        options: as `TensorBoardLogger` takes them.
    """
    return TensorBoardLogger(purge_step=resume_step, **options)


def wandb_logger(
    save_dir: str, mode: str = "auto", resume_step: int | None = None, **options: Any
) -> WandbLogger:
    """A W&B logger.

    Args:
        mode: `online`, `offline`, or `auto`: online where there is a login, else offline, which
            it says.
        save_dir: the run's folder.
        resume_step: none, or of a resumed run, which goes on with the W&B run in its folder.
        options: as `WandbLogger` takes them.
    """
    if mode == "auto":
        mode = "online" if _logged_in() else "offline"
        if mode == "offline":
            log.info("W&B: nobody is logged in here, so the run is kept offline (wandb login).")
    if resume_step is not None and (runs := list(Path(save_dir).glob("wandb/*run-*-*"))):
        options["id"] = runs[0].name.rsplit("-", 1)[-1]  # run-DATE-ID, the same in all of them
    return WandbLogger(save_dir=save_dir, offline=mode == "offline", **options)


def finish_wandb() -> None:
    """End the W&B run of this job, so that the next job of a sweep starts one of its own."""
    wandb = sys.modules.get("wandb")  # imported only where a run uses it: that takes a second
    if wandb is not None and wandb.run is not None:
        wandb.finish()


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
