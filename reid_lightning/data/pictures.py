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


class Source(Protocol):
    """Where datasets get pixels from: a store of decoded pictures, or the files themselves."""

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """Read pictures as uint8 [B, height, width, 3], RGB; B may be 0."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of reading the picture at `path`, inside the block, into a `ReIDError`.

    Raises:
        ReIDError: the file is missing, truncated or no picture.
    """
    try:
        yield
    except (OSError, SyntaxError) as error:
        raise ReIDError(
            f"The picture {path} cannot be read ({error}): restore it from the data set's archive."
        ) from error


def decode(path: Path) -> Image.Image:
    """Decode a picture to RGB.

    Raises:
        ReIDError: the file is missing, truncated or no picture.
    """
    with readable(path), Image.open(path) as picture:
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
