"""k-reciprocal re-ranking: pictures are near that have the same neighbours."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError, check_at_least, check_at_most
from reid_lightning.retrieval.rerank.nearest import Neighbours, nearest
from reid_lightning.retrieval.rerank.reciprocal import expanded_sets
from reid_lightning.retrieval.rerank.rows import Rows, chunks
from reid_lightning.retrieval.rerank.sparse import (
    Sparse,
    jaccard,
    mean_rows,
    row_starts,
    transposed,
)


@dataclass(frozen=True)
class Rerank:
    """k-reciprocal re-ranking (Zhong, Zheng, Cao, Li, CVPR 2017), exact, in sparse rows.

    Gives what the published code gives, and never holds a matrix of all pictures by all. Where a
    picture's distances are all 0 (a collapsed network) they stay 0; that code divides 0 by 0.

    Args:
        k1: neighbours that may be reciprocal.
        k2: neighbours whose weights are averaged; 1 averages none.
        weight: of the original distance beside the Jaccard distance, 0 to 1 (the paper's λ).
    """

    k1: int = 20
    k2: int = 6
    weight: float = 0.3

    def __post_init__(self) -> None:
        for name, value in (("k1", self.k1), ("k2", self.k2)):
            if not isinstance(value, int):
                raise ReIDError(f"retrieval.rerank.{name}={value} must be an integer.")
        check_at_least("retrieval.rerank.k1", self.k1, 1)
        check_at_least("retrieval.rerank.k2", self.k2, 1)
        check_at_most("retrieval.rerank.k2", self.k2, self.k1 + 1)
        check_at_least("retrieval.rerank.weight", self.weight, 0)
        check_at_most("retrieval.rerank.weight", self.weight, 1)

    def __call__(self, rows: Rows, queries: int, total: int) -> Iterator[Tensor]:
        """Final distances of the queries to the gallery, chunks [some queries, gallery] in order.

        Args:
            rows: distances of all pictures, queries first (squared Euclidean, as published). A
                chunk of them is held at a time, so all are asked for twice where that is not all.
            queries: how many of the pictures are queries.
            total: how many pictures there are.
        """
        rows = lru_cache(maxsize=1)(rows)  # a small set is one chunk, computed once
        near = nearest(rows, total, min(self.k1 + 1, total))
        half = min(round(self.k1 / 2) + 1, total)  # a half is rounded to even, as by NumPy
        weights = _weights(rows, near, half)
        if self.k2 > 1:
            weights = mean_rows(weights, near.order[:, : self.k2])
        index = transposed(weights, queries)
        for start, stop in chunks(queries, total):
            distances = rows(start, stop)[:, queries:] / near.scale[start:stop, None]
            final = torch.from_numpy(jaccard(weights, index, start, stop, total - queries))
            final = final.to(distances.device).mul_(1 - self.weight)
            yield final.add_(distances, alpha=self.weight)


def _weights(rows: Rows, near: Neighbours, half: int) -> Sparse:
    """Each picture's weights on its expanded set: exp(-distance), summing to 1."""
    counts, members = expanded_sets(near.order, half)
    starts, owners = row_starts(counts), np.repeat(np.arange(len(counts)), counts)
    distances = np.empty(len(members))
    for start, stop in chunks(len(counts), len(counts)):
        part = slice(starts[start], starts[stop])
        chunk = rows(start, stop)
        at = torch.from_numpy(np.stack([owners[part] - start, members[part]])).to(chunk.device)
        distances[part] = chunk[at[0], at[1]].cpu().numpy()
    values = np.exp(-distances / near.scale.cpu().numpy()[owners])
    values /= np.bincount(owners, values, len(counts))[owners]
    return Sparse(starts, members, values)
