"""k-reciprocal re-ranking: two pictures are near if they have the same neighbours.

1. Each picture's nearest pictures are found (`nearest.py`).
2. Those that have it among their own nearest form its reciprocal set (`reciprocal.py`).
3. A picture becomes a vector of weights exp(-distance) on its set, averaged over neighbours.
4. The Jaccard distance of two such vectors, mixed with the original one, is the final distance.

The vectors are mostly 0, so they are the rows of a sparse matrix (`sparse.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.parallel import chunks
from reid_lightning.retrieval.rerank.jaccard import jaccard
from reid_lightning.retrieval.rerank.nearest import Neighbours, nearest
from reid_lightning.retrieval.rerank.reciprocal import expanded_sets
from reid_lightning.retrieval.rerank.rows import DistanceRows
from reid_lightning.retrieval.rerank.sparse import (
    SparseMatrix,
    mean_rows,
    row_starts,
    transposed,
)
from reid_lightning.signatures import Count, Share, checked


@checked("retrieval.rerank")
@dataclass(frozen=True)
class Rerank:
    """k-reciprocal re-ranking (Zhong, Zheng, Cao, Li, CVPR 2017), exact, on sparse matrices.

    Gives the published code's distances, and never holds a matrix of all pictures by all pictures.
    Where a picture's distances are all 0 (a collapsed network) they stay 0; that code divides 0
    by 0.

    Args:
        k1: neighbours that may be reciprocal.
        k2: neighbours whose weights are averaged; 1 averages none.
        weight: of the original distance; the Jaccard distance has the rest, 0 to 1 (the paper's λ).

    Raises:
        ReIDError: an argument is out of range.
    """

    k1: Count = 20
    k2: Count = 6
    weight: Share = 0.3

    def __post_init__(self) -> None:
        if self.k2 > self.k1 + 1:
            raise ReIDError(
                f"retrieval.rerank.k2={self.k2} must be {self.k1 + 1} or less: as many neighbours "
                f"are known with retrieval.rerank.k1={self.k1}."
            )

    def __call__(self, rows: DistanceRows, queries: int, total: int) -> Iterator[Tensor]:
        """Final distances of the queries to the gallery: chunks [rows, gallery] in order.

        Args:
            rows: distances of all pictures, queries first (squared Euclidean, as published). One
                chunk of them is held at a time: a set of several chunks computes all rows twice,
                and the queries' rows three times.
            queries: number of queries.
            total: number of pictures, queries included.
        """
        rows = lru_cache(maxsize=1)(rows)  # a set of one chunk computes it once
        neighbours = nearest(rows, total, min(self.k1 + 1, total))
        half = min(round(self.k1 / 2) + 1, total)  # a half is rounded to even, as by NumPy
        weights = _weights(rows, neighbours, half)
        if self.k2 > 1:
            weights = mean_rows(weights, neighbours.order[:, : self.k2])
        index = transposed(weights, queries)
        for chunk in chunks(queries, torch.float32.itemsize * total):
            start, stop = chunk.start, chunk.stop
            distances = rows(start, stop)[:, queries:] / neighbours.scale[chunk, None]
            final = torch.from_numpy(jaccard(weights, index, start, stop, total - queries))
            final = final.to(distances.device).mul_(1 - self.weight)
            yield final.add_(distances, alpha=self.weight)


def _weights(rows: DistanceRows, neighbours: Neighbours, half: int) -> SparseMatrix:
    """Each picture's weights on its expanded set: exp(-distance), summing to 1."""
    counts, members = expanded_sets(neighbours.order, half)
    starts, owners = row_starts(counts), np.repeat(np.arange(len(counts)), counts)
    distances = np.empty(len(members))
    for chunk in chunks(len(counts), torch.float32.itemsize * len(counts)):
        entries = slice(starts[chunk.start], starts[chunk.stop])
        matrix = rows(chunk.start, chunk.stop)
        cells = np.stack([owners[entries] - chunk.start, members[entries]])
        row, column = torch.from_numpy(cells).to(matrix.device)
        distances[entries] = matrix[row, column].cpu().numpy()
    values = np.exp(-distances / neighbours.scale.cpu().numpy()[owners])
    values /= np.bincount(owners, values, len(counts))[owners]
    return SparseMatrix(starts, members, values)
