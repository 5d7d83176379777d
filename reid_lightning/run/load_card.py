"""A trained network from a model card, without running or looking up anything that it names."""

import inspect
from pathlib import Path

from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, read_calibration
from reid_lightning.inference.model_card import CardConfig, read_card
from reid_lightning.models.networks import (
    NETWORKS,
    Constructor,
    UnfitCheckpointError,
    build_trained,
)
from reid_lightning.run.trained import Trained, model_digest, options_digest


def load_card(folder: Path) -> Trained:
    """The network of a card, which may come from a stranger: it gives plain values and tensors.

    Raises:
        ReIDError: something of the card is damaged or does not fit, its calibration among it.
    """
    config, tensors = read_card(folder)
    try:
        constructor = _known(config)
        model = build_trained(constructor, config.model, tensors)
        digest = _digest(config)
        if (folder / CALIBRATION_FILE).exists():
            calibration = read_calibration(folder / CALIBRATION_FILE)
            if calibration.model != model_digest(digest):
                raise UnfitCheckpointError(f"its {CALIBRATION_FILE} is of another model")
    except UnfitCheckpointError as error:
        raise ReIDError(
            f"{folder} cannot be used as a card: {error}. It was changed, or is of another version "
            f"of reid-lightning ({config.version[:20]} wrote it)."
        ) from error
    return Trained(
        model,
        Path(inspect.getsourcefile(inspect.unwrap(constructor)) or ""),
        config.height,
        config.width,
        config.distance,
        digest,
        config.trained_on,
    )


def _known(config: CardConfig) -> Constructor:
    if config.network not in NETWORKS:
        raise UnfitCheckpointError(
            f"its network {config.network[:40]!r} is none of reid-lightning's: "
            f"{unknown_name(config.network, NETWORKS).rstrip('.')}"
        )
    if (tuple(config.mean), tuple(config.std)) != (IMAGENET_MEAN, IMAGENET_STD):
        raise UnfitCheckpointError("its pictures are normalised by another mean and std")
    return NETWORKS[config.network]


def _digest(config: CardConfig) -> bytes:
    """That of the checkpoint, see `checkpoint_digest`."""
    try:
        return bytes.fromhex(config.checkpoint) + options_digest(None)
    except ValueError as error:
        raise UnfitCheckpointError("its checkpoint is no digest") from error
