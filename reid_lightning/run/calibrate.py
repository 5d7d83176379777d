"""calibration.json, which a training writes at its end if it has held people out."""

import logging
from collections.abc import Callable
from pathlib import Path

import torch

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.module import ReIDModule
from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.calibration_file import (
    CALIBRATION_FILE,
    read_calibration,
    write_calibration,
)
from reid_lightning.models import Embedder
from reid_lightning.run.checkpoint_file import checkpoint_digest
from reid_lightning.run.resume import load_weights_of_run
from reid_lightning.run.score_held_out import calibrate, embed_held_out
from reid_lightning.run.trained import model_digest

log = logging.getLogger(__name__)

_TOO_FEW = (
    "No %s is written: the %d people held out are too few to say what a similarity means "
    "(data.val_identities=100)."
)


def calibrate_run(
    folder: Path, datamodule: ReIDDataModule, network: Embedder, device: torch.device | str
) -> None:
    """Write what similarities mean, measured on held-out people; nothing if none were held out.

    Args:
        folder: of the run, whose best checkpoint `network` is.
        datamodule: of its data set.
        network: is put into eval mode.
        device: to embed on.
    """
    if not datamodule.folder.val_identities:
        return
    model = EmbeddingModel(
        network,
        height=datamodule.height,
        width=datamodule.width,
        device=device,
        digest=_digest_of_best(folder),
    )
    calibration = calibrate(model, embed_held_out(model, datamodule), datamodule)
    if calibration is None:
        log.warning(_TOO_FEW, CALIBRATION_FILE, datamodule.folder.val_identities)
        return
    write_calibration(folder / CALIBRATION_FILE, calibration)
    log.info("What similarities mean, by %d people: %s", calibration.people, CALIBRATION_FILE)


def calibrate_again(folder: Path, build: Callable[[], tuple[ReIDDataModule, ReIDModule]]) -> None:
    """Calibrate a finished run that has no calibration of its best checkpoint.

    Args:
        folder: of the run.
        build: what it was trained with.
    """
    best = folder / "checkpoints" / "best.ckpt"
    if not best.is_file() or _is_calibrated(folder):
        return
    datamodule, module = build()
    module.load_state_dict(load_weights_of_run(best, module))
    calibrate_run(folder, datamodule, module.model, "auto")


def _is_calibrated(folder: Path) -> bool:
    try:
        return read_calibration(folder / CALIBRATION_FILE).model == _digest_of_best(folder)
    except ReIDError:
        return False


def _digest_of_best(folder: Path) -> str:
    return model_digest(checkpoint_digest(folder / "checkpoints" / "best.ckpt"))
