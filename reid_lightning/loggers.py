"""Weights & Biases, online only where somebody is logged in."""

import logging
import netrc
import os
from typing import Any
from urllib.parse import urlparse

import wandb
from pytorch_lightning.loggers import WandbLogger

log = logging.getLogger(__name__)


def wandb_logger(mode: str = "auto", **options: Any) -> WandbLogger:
    """A W&B logger.

    Args:
        mode: `online`, `offline`, or `auto`: online where there is a login, else offline, which
            it says.
        options: as `WandbLogger` takes them.
    """
    if mode == "auto":
        mode = "online" if _logged_in() else "offline"
        if mode == "offline":
            log.info("W&B: nobody is logged in here, so the run is kept offline (wandb login).")
    return WandbLogger(offline=mode == "offline", **options)


def finish_wandb() -> None:
    """End the W&B run of this job, so that the next job of a sweep starts one of its own."""
    if wandb.run is not None:
        wandb.finish()


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
