"""A picture, whole or a crop of a file's, as pixels of the network's input size."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from PIL import Image

from reid_lightning.data.pixels import as_shown
from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file

T = TypeVar("T")
Box = tuple[int, int, int, int]

# Of PIL's formats: others, such as EPS, are handed to programs of the system. JPEG includes the
# MPO files of many phones.
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")
MOST_PIXELS = 2**30 // 12  # of a picture; PIL warns of more
_MOST_BYTES = 2**30
_TOO_LARGE = f"it claims to have more than {MOST_PIXELS:,} pixels, which would fill the memory"


class Picture(NamedTuple):
    """A file's picture as it is shown, or the part of it in a box.

    The box is left, top, right and bottom, in pixels from the upper left corner; what of it is
    outside the picture is cut off.
    """

    path: Path
    box: Box | None = None


class Unreadable(NamedTuple):
    """A picture's file, and why it cannot be read, as the end of a sentence."""

    path: Path
    reason: str


class Source(Protocol):
    """Where datasets get pixels from: a store of decoded pictures, or the files themselves."""

    def read(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """Read pictures as uint8 [B, height, width, 3], RGB; B may be 0."""


def try_read(path: Path, read: Callable[[], T]) -> T | Unreadable:
    """What `read` takes from the picture file at `path`, or why it cannot.

    It cannot where the file is missing, truncated or no picture, or claims to be of absurd size.
    """
    try:
        if reason := _no_picture_file(path):
            return Unreadable(path, reason)
        return read()
    except Image.DecompressionBombError:
        return Unreadable(path, _TOO_LARGE)
    except Exception as error:  # PIL raises almost anything on a wrong file
        clear = str(error) if isinstance(error, (OSError, SyntaxError, ValueError)) else ""
        return Unreadable(path, clear or f"PIL fails with {type(error).__name__}")


def readable(result: T | Unreadable) -> T:
    """What `try_read` has read.

    Raises:
        ReIDError: it has read nothing.
    """
    if isinstance(result, Unreadable):
        raise unreadable_error([result])
    return result


def unreadable_error(unreadable: Sequence[Unreadable]) -> ReIDError:
    """An error that names every file, with the reason beside it."""
    advice = "from the data set's archive, or set data.on_unreadable=skip"
    unreadable = list(dict.fromkeys(unreadable))  # several crops may be of one file
    if len(unreadable) == 1:
        path, reason = unreadable[0]
        return ReIDError(f"The picture {path} cannot be read ({reason}): restore it {advice}.")
    lines = [f"{path} ({reason})" for path, reason in unreadable]
    return ReIDError(
        "\n".join([f"{len(lines)} pictures cannot be read: restore them {advice}.", *lines])
    )


def try_decode(picture: Picture) -> Image.Image | Unreadable:
    """Decode a picture to RGB, or say why it cannot be read."""
    return try_read(picture.path, lambda: _decode(*picture))


def decode(picture: Picture) -> Image.Image:
    """Decode a picture to RGB.

    Raises:
        ReIDError: it cannot be read, or has no pixel in its box.
    """
    return readable(try_decode(picture))


def decode_resized(picture: Picture, height: int, width: int) -> np.ndarray:
    """Decode a picture and resize it (bilinear) to uint8 [height, width, 3], RGB."""
    return resize(decode(picture), height, width)


def resize(picture: Image.Image, height: int, width: int) -> np.ndarray:
    """An RGB picture at another size (bilinear), as uint8 [height, width, 3]."""
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))


def _decode(path: Path, box: Box | None) -> Image.Image:
    with Image.open(path, formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise ValueError(_TOO_LARGE)
        shown = as_shown(opened)
    if box is None:
        return shown
    left, top, right, bottom = box
    part = max(left, 0), max(top, 0), min(right, shown.width), min(bottom, shown.height)
    if part[0] >= part[2] or part[1] >= part[3]:
        raise ValueError(f"its box {box} holds none of its {shown.width} × {shown.height} pixels")
    return shown.crop(part)


def _no_picture_file(path: Path) -> str | None:
    """Why a file cannot be a picture; it is not opened for that."""
    if reason := not_a_file(path):
        return reason
    return "it is larger than 1 GiB" if path.stat().st_size > _MOST_BYTES else None
