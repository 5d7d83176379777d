"""ImageNet weights of torchvision, downloaded once."""

from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file


def read_torchvision(url: str, instead: str = "") -> Mapping[str, Any]:
    """The state dict at one of torchvision's addresses, from its cache if it is there.

    Args:
        url: ends with the beginning of the file's checksum.
        instead: another choice of `model.weights`, for the message of an error.

    Raises:
        ReIDError: it cannot be downloaded, or the file in the cache is damaged.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            checksum = path.stem.rpartition("-")[2]
            torch.hub.download_url_to_file(url, str(path), checksum, progress=False)
    except (OSError, RuntimeError, HTTPException) as error:
        others = f"{instead}, a file, or none" if instead else "a file, or none"
        raise ReIDError(
            f"The ImageNet weights could not be downloaded from {url} ({error}): use "
            f"model.weights={others}."
        ) from error
    return load_file(path)
