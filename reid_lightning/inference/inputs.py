"""Pictures of any kind as pixels of the network's input size."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image
from torch import Tensor

from reid_lightning.data.pictures import Picture, Unreadable, resize, try_decode
from reid_lightning.data.pixels import as_shown
from reid_lightning.errors import ReIDError

AnyPicture: TypeAlias = str | Path | Picture | Image.Image | np.ndarray | Tensor
_KINDS = "a path, a PIL picture, an array or a tensor"


def as_list(pictures: AnyPicture | Iterable[AnyPicture]) -> list[AnyPicture]:
    """One picture, several, or a batch of them in one array or tensor: as a list of pictures.

    Raises:
        ReIDError: it is nothing of these.
    """
    if isinstance(pictures, np.ndarray | Tensor) and pictures.ndim == 4:
        return list(pictures)
    if isinstance(pictures, str | Path | Picture | Image.Image | np.ndarray | Tensor):
        return [pictures]
    if not isinstance(pictures, Iterable):
        raise ReIDError(f"A {type(pictures).__name__} is no picture: give {_KINDS}, or a list.")
    return list(pictures)


def to_pixels(picture: AnyPicture, height: int, width: int) -> np.ndarray:
    """A picture, as evaluation reads and resizes it: uint8 [height, width, 3], RGB.

    Args:
        picture: a path, or a `Picture` with its box; a PIL picture; an array [h, w, 3] or a tensor
            [3, h, w] or [h, w, 3], RGB, uint8.
        height, width: in pixels.

    Raises:
        ReIDError: it is no picture, or cannot be read.
    """
    return resize(_rgb(picture), height, width)


def _rgb(picture: AnyPicture) -> Image.Image:
    if isinstance(picture, str | Path):
        picture = Picture(Path(picture))
    if isinstance(picture, Picture):
        decoded = try_decode(picture)
        if isinstance(decoded, Unreadable):
            raise ReIDError(f"The picture {decoded.path} cannot be read: {decoded.reason}.")
        return decoded
    if isinstance(picture, Image.Image):
        try:
            return as_shown(picture)
        except Exception as error:  # PIL raises almost anything on a wrong file
            raise ReIDError(f"A PIL picture cannot be read: {error}.") from error
    if isinstance(picture, Tensor):
        return Image.fromarray(_checked(_channels_last(picture.detach().cpu()).numpy()))
    if isinstance(picture, np.ndarray):
        return Image.fromarray(_checked(picture))
    raise ReIDError(f"A {type(picture).__name__} is no picture: give {_KINDS}.")


def _channels_last(picture: Tensor) -> Tensor:
    """torchvision has the channels first."""
    first = picture.dim() == 3 and picture.shape[0] == 3
    return picture.permute(1, 2, 0) if first else picture


def _checked(pixels: np.ndarray) -> np.ndarray:
    shape = list(pixels.shape)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or shape[2] != 3 or 0 in shape:
        raise ReIDError(
            f"An array of pixels is {pixels.dtype} {shape}, and must be uint8 [height, width, 3], "
            "RGB from 0 to 255 (a tensor may be [3, height, width])."
        )
    return np.ascontiguousarray(pixels)
