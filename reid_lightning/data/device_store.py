"""Training pictures on the device that trains: a batch of them is then a list of indices."""

import logging
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from reid_lightning.data.pictures import Picture, Source
from reid_lightning.data.store import Store
from reid_lightning.errors import ReIDError

log = logging.getLogger(__name__)

DeviceStoreChoice = bool | Literal["auto"]

_LARGEST_SHARE = 0.25  # of the free memory, for `auto`: the rest is the network's
_PICTURES_AT_A_TIME = 512


def on_device(
    choice: DeviceStoreChoice, source: Source, pictures: Sequence[Picture], device: torch.device
) -> Tensor | None:
    """The pictures' pixels on the device, uint8 [pictures, height, width, 3]; None if it has not.

    Args:
        choice: `auto`: a GPU keeps pictures that are decoded once, if they take at most a quarter
            of its free memory; true: any device does; false: none.
        source: of the pixels.
        pictures: in the order of the rows.
        device: that trains.

    Raises:
        ReIDError: `choice` is true, and its memory is too small.
    """
    if choice is False or (choice == "auto" and device.type != "cuda"):
        return None
    if choice == "auto" and not isinstance(source, Store):
        return None
    first = source.read(pictures[:1])
    size = len(pictures) * first.numel()
    if choice == "auto" and size > _LARGEST_SHARE * torch.cuda.mem_get_info(device)[0]:
        log.info(
            "Training pictures stay in the CPU's memory: %s are too many for %s.",
            _gib(size),
            device,
        )
        return None
    try:
        pixels = torch.empty((len(pictures), *first.shape[1:]), dtype=first.dtype, device=device)
    except RuntimeError as error:  # of CUDA it is a subclass, of the CPU it is not
        raise ReIDError(
            f"{_gib(size)} of training pictures do not fit into the memory of {device}: set "
            "data.device_store=auto, or data.height and data.width lower."
        ) from error
    for start in range(0, len(pictures), _PICTURES_AT_A_TIME):
        rows = slice(start, start + _PICTURES_AT_A_TIME)
        pixels[rows] = source.read(pictures[rows]).to(device)
    log.info("Training pictures are kept in the memory of %s (%s).", device, _gib(size))
    return pixels


def _gib(size: float) -> str:
    return f"{size / 2**30:.2g} GiB"
