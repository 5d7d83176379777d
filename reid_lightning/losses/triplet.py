"""The triplet loss over mined triplets, and over all of them."""

from typing import get_args

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance, normalized, pairwise_distance
from reid_lightning.errors import check_choice
from reid_lightning.losses.mining import Mining, mine, pair_masks
from reid_lightning.losses.reduction import (
    Margin,
    MetricTerms,
    check_margin,
    hinge,
    masked_mean,
    teaches,
)

_PAIRS = 4096  # anchor-positive pairs held against all negatives at a time


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
        check_choice("loss.distance", distance, get_args(Distance))
        check_margin("loss.margin", margin)
        self.mining, self.margin, self.distance = mining, margin, distance
        self.normalize = normalize

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; `generator` draws the random triplets."""
        x = normalized(embeddings) if self.normalize else embeddings
        distances = pairwise_distance(x, kind=self.distance)
        triplets = mine(self.mining, distances, labels, generator)
        d_pos = distances.gather(1, triplets.positive)
        d_neg = distances.gather(1, triplets.negative)
        active = teaches(d_pos - d_neg, self.margin).to(d_pos.dtype)
        return MetricTerms(
            masked_mean(hinge(d_pos - d_neg, self.margin), triplets.valid),
            masked_mean(active, triplets.valid),
            masked_mean(d_pos.detach(), triplets.valid),
            masked_mean(d_neg.detach(), triplets.valid),
        )


class BatchAllLoss(nn.Module):
    """Batch-all: mean of [d(a, p) - d(a, n) + margin]₊ over all valid triplets of the batch.

    Args:
        mining: `all` for the mean over every triplet, `nonzero` for the mean over those that
            still cost something (Hermans et al. 2017, "BA≠0").
        margin, distance, normalize: as for `TripletLoss`.
    """

    def __init__(
        self, mining: str, margin: Margin, distance: Distance = "euclidean", *, normalize: bool
    ) -> None:
        super().__init__()
        check_choice("loss.mining", mining, ("all", "nonzero"))
        check_choice("loss.distance", distance, get_args(Distance))
        check_margin("loss.margin", margin)
        self.mining, self.margin, self.distance = mining, margin, distance
        self.normalize = normalize

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; nothing is drawn at random."""
        x = normalized(embeddings) if self.normalize else embeddings
        distances = pairwise_distance(x, kind=self.distance)
        positives, negatives = pair_masks(labels)
        anchors, positive = positives.nonzero(as_tuple=True)
        total, taught = distances.sum() * 0, distances.new_zeros(())
        for a, p in zip(torch.split(anchors, _PAIRS), torch.split(positive, _PAIRS), strict=True):
            difference = distances[a, p][:, None] - distances[a]
            valid = negatives[a]
            total = total + hinge(difference, self.margin).masked_fill(~valid, 0).sum()
            taught = taught + (teaches(difference.detach(), self.margin) & valid).sum()
        others = negatives.sum(1)
        count = (positives.sum(1) * others).sum()
        pos_weight, neg_weight = positives * others[:, None], negatives * positives.sum(1)[:, None]
        divisor = taught if self.mining == "nonzero" and self.margin != "soft" else count
        return MetricTerms(
            total / divisor.clamp(min=1),
            taught / count.clamp(min=1),
            (distances.detach() * pos_weight).sum() / count.clamp(min=1),
            (distances.detach() * neg_weight).sum() / count.clamp(min=1),
        )
