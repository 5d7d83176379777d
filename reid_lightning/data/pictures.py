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
    """Where datasets get pixels from: a store, or the files themselves."""

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """The pictures as uint8 [B, height, width, 3], RGB."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside with the picture at `path` is told in one sentence.

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
    """The picture as RGB; a ReIDError if it is none."""
    with readable(path), Image.open(path) as picture:
        return picture.convert("RGB")


def pixels(path: Path, height: int, width: int) -> np.ndarray:
    """The picture, resized (bilinear) to uint8 [height, width, 3]."""
    return np.asarray(decode(path).resize((width, height), Image.Resampling.BILINEAR))


@dataclass(frozen=True)
class Decoder:
    """Decodes pictures whenever they are read."""

    height: int
    width: int

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """The pictures as uint8 [B, height, width, 3], RGB."""
        return torch.from_numpy(np.stack([pixels(p, self.height, self.width) for p in paths]))
