"""A source that keeps no pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from reid_lightning.data.pictures import Picture, decode_resized
from reid_lightning.data.unreadable import all_named


@dataclass(frozen=True)
class Decoder:
    """A source that decodes pictures every time they are read.

    Args:
        height, width: in pixels.
        pictures: all that there are, for an error to name each that cannot be read.
    """

    height: int
    width: int
    pictures: Sequence[Picture] = ()

    def read(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """Read pictures as uint8 [B, height, width, 3], RGB; B may be 0.

        Raises:
            ReIDError: a picture cannot be read.
        """
        batch = np.empty((len(pictures), self.height, self.width, 3), np.uint8)
        with all_named(self.pictures or pictures):
            for row, picture in zip(batch, pictures, strict=True):
                row[:] = decode_resized(picture, self.height, self.width)
        return torch.from_numpy(batch)
