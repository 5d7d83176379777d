"""The file of a checkpoint: where it is, what it holds, and its digest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.models.networks import Constructor
from reid_lightning.run.trained import options_digest


def checkpoint_path(path: Path) -> Path:
    """A checkpoint, or the best one in the folder of a run.

    Raises:
        ReIDError: there is none in the folder.
    """
    best = path / "checkpoints" / "best.ckpt"
    if not path.is_dir():
        return path
    if not best.is_file():
        raise ReIDError(
            f"{path} holds no checkpoints/best.ckpt: it is no folder of a run, nor a model card."
        )
    return best


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint that a training wrote, of which nothing is checked further.

    Raises:
        ReIDError: it is none.
    """
    if path.is_dir():
        raise ReIDError(f"{path} is a folder: name a checkpoint in it, checkpoints/best.ckpt.")
    if not path.exists():
        raise ReIDError(f"The checkpoint {path} does not exist.")
    content = load_file(path)
    config = content.get("hyper_parameters")
    if not isinstance(config, Mapping) or "model" not in config:
        raise ReIDError(
            f"{path} is not a checkpoint of reid-lightning (it holds no configuration): train with "
            "model.weights=FILE to start from other weights, or score them by model=NAME "
            "model.weights=FILE."
        )
    if not isinstance(content.get("state_dict"), Mapping):
        raise ReIDError(f"{path} holds no weights: it is not a checkpoint of a training.")
    return content


def checkpoint_digest(path: Path, own_network: DictConfig | Constructor | None = None) -> bytes:
    """The digest of the network in a checkpoint, see `Trained`."""
    return hashlib.blake2b(path.read_bytes()).digest() + options_digest(own_network)
