"""A picture file as pixels of the network's input size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file

# Of PIL's formats: others, such as EPS, are handed to programs of the system. JPEG includes the
# MPO files of many phones.
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")
MOST_PIXELS = 2**30 // 12  # of a picture; PIL warns of more
_MOST_BYTES = 2**30


class Source(Protocol):
    """Where datasets get pixels from: a store of decoded pictures, or the files themselves."""

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """Read pictures as uint8 [B, height, width, 3], RGB; B may be 0."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of reading the picture at `path`, inside the block, into a `ReIDError`.

    Raises:
        ReIDError: the file is missing, truncated or no picture, or claims to be of absurd size.
    """
    try:
        if reason := _no_picture_file(path):
            raise OSError(reason)
        yield
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except ReIDError:
        raise
    except Exception as error:  # PIL raises almost anything on a wrong file
        reason = f"PIL fails with {type(error).__name__}"
        if isinstance(error, (OSError, SyntaxError, ValueError)):
            reason = str(error)
        raise ReIDError(
            f"The picture {path} cannot be read ({reason}): restore it from the data set's archive."
        ) from error


def decode(path: Path) -> Image.Image:
    """Decode a picture to RGB.

    Raises:
        ReIDError: as `readable`.
    """
    with readable(path), Image.open(path, formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_large(path)
        return picture.convert("RGB")


def decode_resized(path: Path, height: int, width: int) -> np.ndarray:
    """Decode a picture and resize it (bilinear) to uint8 [height, width, 3], RGB."""
    return np.asarray(decode(path).resize((width, height), Image.Resampling.BILINEAR))


@dataclass(frozen=True)
class Decoder:
    """A source that decodes pictures every time they are read."""

    height: int
    width: int

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """Read pictures as uint8 [B, height, width, 3], RGB; B may be 0."""
        batch = np.empty((len(paths), self.height, self.width, 3), np.uint8)
        for row, path in zip(batch, paths, strict=True):
            row[:] = decode_resized(path, self.height, self.width)
        return torch.from_numpy(batch)


def _no_picture_file(path: Path) -> str | None:
    """Why a file cannot be a picture; it is not opened for that."""
    if reason := not_a_file(path):
        return reason
    return "it is larger than 1 GiB" if path.stat().st_size > _MOST_BYTES else None


def _too_large(path: Path) -> ReIDError:
    return ReIDError(
        f"The picture {path} claims to have more than {MOST_PIXELS:,} pixels, and would fill the "
        "memory once decoded: remove it, or replace it by a smaller one."
    )
