"""The triplet loss over all triplets of a batch, without a tensor of all triplets."""

from typing import Literal

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance, as_float64
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import pair_masks
from reid_lightning.losses.reduction import Margin, MetricTerms, margin_loss
from reid_lightning.signatures import checked

BatchAllMining = Literal["all", "nonzero"]

_MAX_PAIRS_PER_CHUNK = 4096  # anchor–positive pairs compared with all negatives at a time


@checked("loss")
class BatchAllLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n) + margin]₊ over all triplets (Hermans et al. 2017, section 2).

    A triplet's loss is linear where it is active (above zero), so the sum over active triplets is
    Σ d(a, p) · #(a, p) - Σ d(a, n) · #(a, n) + margin · #active, where #(pair) is the number of
    active triplets that the pair is part of. `_count_active` counts with two sorts, so memory is
    that of the distance matrix. The soft margin is not linear: its triplets are made in chunks.

    Args:
        mining: `all` for the mean over all triplets, `nonzero` for the mean over the active ones,
            the paper's "BA≠0" (with the soft margin the same as `all`).
        margin: a number, or `soft` for ln(1 + exp(d(a, p) - d(a, n))).
        distance: `euclidean`, `squared` or `cosine`.
        normalize: scale embeddings to unit norm first.

    Raises:
        ReIDError: an unknown mining rule, margin or distance.
    """

    def __init__(
        self,
        mining: BatchAllMining,
        margin: Margin,
        distance: Distance = "euclidean",
        *,
        normalize: bool,
    ) -> None:
        super().__init__()
        self.mining, self.margin = mining, margin
        self.space = EmbeddingSpace(distance, normalize)

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """The loss and its diagnostics.

        Args:
            embeddings: [batch, d].
            labels: [batch].
            generator: not used: no triplet is random.
        """
        distances = self.space.pairwise_distance(self.space.points(embeddings))
        fixed = distances.detach()
        positives, negatives = pair_masks(labels)
        positive_count = positives.sum(1, keepdim=True)
        negative_count = negatives.sum(1, keepdim=True)
        triplets = (positive_count * negative_count).sum().clamp(min=1)
        if self.margin == "soft":
            active = _count_active(fixed, positives, negatives, 0.0)[0].sum()
            total = _soft_sum(distances, positives, negatives)
        else:
            as_positive, as_negative = _count_active(fixed, positives, negatives, self.margin)
            active = as_positive.sum()
            d = as_float64(distances)
            total = (d * (as_positive - as_negative)).sum() + active.to(d.dtype) * self.margin
        over_active = self.mining == "nonzero" and self.margin != "soft"
        return MetricTerms(
            (total / (active.clamp(min=1) if over_active else triplets)).to(distances.dtype),
            active / triplets,
            (fixed * positives * negative_count).sum() / triplets,
            (fixed * negatives * positive_count).sum() / triplets,
        )


def _count_active(
    distances: Tensor, positives: Tensor, negatives: Tensor, margin: float
) -> tuple[Tensor, Tensor]:
    """The number of active triplets with each pair as (a, p), and as (a, n): [batch, batch] each.

    Both count the same comparisons, d(a, n) - margin < d(a, p) with the same rounding: the two
    numbers of triplets are equal.
    """
    shifted = (distances - margin).masked_fill(~negatives, torch.inf)
    to_positives = distances.masked_fill(~positives, -torch.inf)
    as_positive = torch.searchsorted(shifted.sort(1).values, to_positives)
    not_active = torch.searchsorted(to_positives.sort(1).values, shifted, right=True)
    return as_positive, len(distances) - not_active


def _soft_sum(distances: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """Sum of ln(1 + exp(d(a, p) - d(a, n))) over all triplets."""
    # The CPU waits for the GPU here, once: the number of pairs sets the number of chunks.
    pairs = positives.nonzero()
    total = distances.sum() * 0
    for chunk in torch.split(pairs, _MAX_PAIRS_PER_CHUNK):
        anchor, positive = chunk.unbind(1)
        losses = margin_loss(distances[anchor, positive][:, None] - distances[anchor], "soft")
        total = total + losses.masked_fill(~negatives[anchor], 0).sum()
    return total
