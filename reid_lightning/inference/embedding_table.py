"""Embedded pictures, and what their embeddings depend on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from reid_lightning.errors import ReIDError
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.signatures import shown

EmbeddingType = Literal["float32", "float16"]


class MadeBy(NamedTuple):
    """What embeddings depend on besides the pictures.

    Args:
        model: a digest of the network's weights and options.
        height, width: of its input, in pixels.
        flip: whether an embedding is the mean over a picture and its mirror image.
        dtype: `float32` or `float16`.
    """

    model: str
    height: int
    width: int
    flip: bool
    dtype: str

    def check(self, path: Path, wanted: "MadeBy") -> None:
        """Raise a `ReIDError` unless the embeddings of `path`, made so, are those wanted."""
        if self.model != wanted.model:
            raise ReIDError(
                f"{path} holds embeddings of another model: name its checkpoint, or embed the "
                "pictures anew into another file."
            )
        for name, mine, theirs in zip(MadeBy._fields, self, wanted, strict=True):
            if mine != theirs:
                raise ReIDError(
                    f"{path} holds embeddings made with {name}={shown(mine)}, and "
                    f"{name}={shown(theirs)} is asked for: embed the pictures anew into another "
                    "file."
                )


class FileVersion(NamedTuple):
    """A picture file's size and time of change: when one changes, the picture is embedded again."""

    size: int
    modified_ns: int


class EmbeddingTable(NamedTuple):
    """Embedded pictures.

    `embeddings` are [n, d] of unit norm, float32 or float16; `pictures` and `versions` have n
    entries.
    """

    pictures: Sequence[ListedPicture]
    versions: Sequence[FileVersion]
    embeddings: np.ndarray
    made_by: MadeBy
