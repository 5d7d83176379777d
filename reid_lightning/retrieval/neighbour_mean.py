"""Embeddings averaged with their nearest neighbours: query expansion, database-side averaging."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reid_lightning.distances import unit_norm
from reid_lightning.parallel import chunks
from reid_lightning.signatures import Count, NonNegative, checked


@checked("NeighbourMean")  # of retrieval.expansion or .database
@dataclass(frozen=True)
class NeighbourMean:
    """The mean of an embedding and its `k` nearest neighbours, weighted by cosine ** alpha.

    An embedding's own weight is 1. With queries and their gallery it is α-query expansion
    (Radenović, Tolias, Chum 2019, section 3.4); with the gallery and itself, database-side feature
    averaging (Turcot and Lowe 2009).

    Args:
        k: number of neighbours; all, if there are fewer.
        alpha: 0 weighs all neighbours alike; the larger, the more weight the nearest have.

    Raises:
        ReIDError: `k` is no integer or below 1, or `alpha` is below 0 or not finite.
    """

    k: Count
    alpha: NonNegative

    def __call__(self, embeddings: Tensor, among: Tensor | None = None) -> Tensor:
        """Average embeddings with their neighbours.

        Args:
            embeddings: [n, d].
            among: [m, d], where neighbours are looked for; None: among the other embeddings.

        Returns:
            [n, d].
        """
        x = unit_norm(embeddings)
        y = x if among is None else unit_norm(among)
        values = embeddings if among is None else among
        k = max(0, min(self.k, len(y) - (among is None)))
        means = torch.empty_like(embeddings)
        row_bytes = x.element_size() * (len(y) + 2 * k * x.shape[1])  # neighbours, weighted ones
        for chunk in chunks(len(x), row_bytes):
            similarity = x[chunk] @ y.T
            if among is None:
                similarity.diagonal(chunk.start).fill_(-torch.inf)
            cosine, nearest = similarity.topk(k, dim=1)
            weight = cosine.clamp(min=0) ** self.alpha
            total = embeddings[chunk] + (weight[:, :, None] * values[nearest]).sum(1)
            means[chunk] = total / (1 + weight.sum(1, keepdim=True))
        return means
