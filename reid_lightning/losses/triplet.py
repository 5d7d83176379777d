"""The triplet loss over mined triplets."""

from typing import get_args

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance
from reid_lightning.errors import check_choice
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import Mining, mine_hard, mine_random, mine_semihard
from reid_lightning.losses.reduction import Margin, MetricTerms, check_margin, told


class TripletLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n) + margin]₊ over the triplets that `mining` picks.

    Args:
        mining: `random`, `hard` (Hermans et al. 2017) or `semihard` (Schroff et al. 2015).
        margin: a number, or `soft` for ln(1 + exp(d(a, p) - d(a, n))).
        distance: `euclidean`, `squared` or `cosine`.
        normalize: bring embeddings to unit norm first.
    """

    def __init__(
        self, mining: Mining, margin: Margin, distance: Distance = "euclidean", *, normalize: bool
    ) -> None:
        super().__init__()
        check_choice("loss.mining", mining, get_args(Mining))
        check_margin("loss.margin", margin)
        self.mining, self.margin = mining, margin
        self.space = EmbeddingSpace(distance, normalize)

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; `generator` draws the random triplets."""
        points = self.space.points(embeddings)
        if self.mining == "semihard":  # one triplet a pair: they need most of the matrix
            distances = self.space.matrix(points)
            triplets = mine_semihard(distances.detach(), labels)
            d_pos, d_neg = distances, distances.gather(1, triplets.negative)
        else:
            if self.mining == "random":
                triplets = mine_random(labels, generator)
            else:
                triplets = mine_hard(self.space.order(points), labels)
            d_pos = self.space.between(points, points.index_select(0, triplets.positive))
            d_neg = self.space.between(points, points.index_select(0, triplets.negative))
        return told(d_pos, d_neg, triplets.valid, self.margin)
