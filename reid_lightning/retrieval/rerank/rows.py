"""Distances between all pictures, some rows at a time: the whole matrix is never held."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor

Rows: TypeAlias = Callable[[int, int], Tensor]
"""`rows(start, stop)`: float32 distances [stop - start, total] of those pictures to all pictures.

Finite, symmetric, without gradient, and the same however often they are asked for.
"""

CHUNK_BYTES = 2**27  # 128 MiB


def chunks(count: int, total: int) -> Iterator[tuple[int, int]]:
    """Start and stop of chunks of the first `count` rows, `CHUNK_BYTES` each or a single row."""
    size = max(1, CHUNK_BYTES // (4 * max(1, total)))
    for start in range(0, count, size):
        yield start, min(start + size, count)


def squared_rows(embeddings: Tensor) -> Rows:
    """Squared Euclidean distances of `embeddings` [total, d], from one float32 product a chunk.

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
