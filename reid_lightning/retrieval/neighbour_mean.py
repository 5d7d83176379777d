"""Embeddings averaged with their nearest neighbours: query expansion, database-side averaging."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reid_lightning.distances import unit_norm
from reid_lightning.errors import ReIDError, check_at_least

_CHUNK_ELEMENTS = 2**25  # similarities held at a time: 128 MiB


@dataclass(frozen=True)
class NeighbourMean:
    """The mean of an embedding and its `k` nearest neighbours, weighted by cosine ** alpha.

    An embedding's own weight is 1. With queries and their gallery it is α-query expansion
    (Radenović, Tolias, Chum 2019, section 3.4); with the gallery and itself, database-side feature
    averaging (Turcot and Lowe 2009).

    Args:
        k: neighbours, fewer where there are fewer.
        alpha: 0 weighs all neighbours alike; large values trust near ones alone.
    """

    k: int
    alpha: float

    def __post_init__(self) -> None:
        if not isinstance(self.k, int):
            raise ReIDError(f"k={self.k} (of retrieval.expansion or .database) must be an integer.")
        check_at_least("k (of retrieval.expansion or .database)", self.k, 1)
        check_at_least("alpha (of retrieval.expansion or .database)", self.alpha, 0)

    def __call__(self, embeddings: Tensor, among: Tensor | None = None) -> Tensor:
        """Embeddings [n, d] averaged with neighbours `among` [m, d]; none: with each other."""
        x = unit_norm(embeddings)
        y = x if among is None else unit_norm(among)
        values = embeddings if among is None else among
        k = min(self.k, len(y) - (among is None))
        means = torch.empty_like(embeddings)
        for start in range(0, len(x), step := max(1, _CHUNK_ELEMENTS // len(y))):
            chunk = slice(start, start + step)
            similarity = x[chunk] @ y.T
            if among is None:
                similarity.diagonal(start).fill_(-torch.inf)
            cosine, nearest = similarity.topk(k, dim=1)
            weight = cosine.clamp(min=0) ** self.alpha
            total = embeddings[chunk] + (weight[:, :, None] * values[nearest]).sum(1)
            means[chunk] = total / (1 + weight.sum(1, keepdim=True))
        return means
