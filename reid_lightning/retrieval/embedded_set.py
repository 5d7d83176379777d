"""Embedded pictures: the queries, or the gallery."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class EmbeddedSet(NamedTuple):
    """Embeddings [n, d], and each picture's pid, camid and time, all of shape [n].

    Times are frame counts on the camera's clock; -1 is unknown.
    """

    embeddings: Tensor
    pids: Tensor
    camids: Tensor
    times: Tensor

    def take(self, selection: Tensor) -> "EmbeddedSet":
        """A copy of the pictures that `selection`, a mask or indices, selects."""
        return EmbeddedSet(*(column[selection] for column in self))


def concatenate(sets: Iterable[EmbeddedSet]) -> EmbeddedSet:
    """One set of the pictures of all `sets`, in order."""
    return EmbeddedSet(*(torch.cat(columns) for columns in zip(*sets, strict=True)))
