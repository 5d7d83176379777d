"""Distances between all pictures, a chunk of rows at a time: the whole matrix is never held."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

DistanceRows: TypeAlias = Callable[[int, int], Tensor]
"""`rows(start, stop)`: the distances of those pictures to all, float32 [stop - start, total].

Finite, symmetric, without gradient, and the same at every call.
"""


def squared_rows(embeddings: Tensor) -> DistanceRows:
    """Squared Euclidean distances of `embeddings` [total, d], one float32 product a call.

    Never negative, and 0 from a picture to itself.
    """
    x = embeddings.detach().float()
    norms = x.square().sum(1)

    def rows(start: int, stop: int) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            squared = torch.addmm(norms, x[start:stop], x.T, alpha=-2)
        squared.add_(norms[start:stop, None]).clamp_(min=0)
        squared[:, start:stop].fill_diagonal_(0)
        return squared

    return rows
