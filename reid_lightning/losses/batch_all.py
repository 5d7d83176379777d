"""The triplet loss over all triplets of a batch, without building them."""

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance, as_float64
from reid_lightning.errors import check_choice
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import pair_masks
from reid_lightning.losses.reduction import Margin, MetricTerms, check_margin, hinge

_PAIRS = 4096  # anchor-positive pairs held against all negatives at a time


class BatchAllLoss(nn.Module):
    """Batch-all: mean of [d(a, p) - d(a, n) + margin]₊ over all valid triplets of the batch.

    A hinge is linear where it is above zero, so the sum over triplets is a sum over pairs, each
    counted as often as it takes part in one: two sorts find the counts, and memory stays that of
    the distance matrix. The soft margin has no such form; its triplets are made a block at a time.

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
        check_margin("loss.margin", margin)
        self.mining, self.margin = mining, margin
        self.space = EmbeddingSpace(distance, normalize)

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; nothing is drawn at random."""
        distances = self.space.matrix(self.space.points(embeddings))
        positives, negatives = pair_masks(labels)
        same, other = positives.sum(1, keepdim=True), negatives.sum(1, keepdim=True)
        count = (same * other).sum().clamp(min=1)
        if self.margin == "soft":
            pulls, pushes = _active(distances.detach(), positives, negatives, 0.0)
            total = _soft_sum(distances, positives, negatives)
        else:
            pulls, pushes = _active(distances.detach(), positives, negatives, self.margin)
            d = as_float64(distances)
            total = (d * (pulls - pushes)).sum() + pulls.sum().to(d.dtype) * self.margin
        taught = pulls.sum()
        nonzero = self.mining == "nonzero" and self.margin != "soft"
        fixed = distances.detach()
        return MetricTerms(
            (total / (taught.clamp(min=1) if nonzero else count)).to(distances.dtype),
            taught / count,
            (fixed * positives * other).sum() / count,
            (fixed * negatives * same).sum() / count,
        )


def _active(
    distances: Tensor, positives: Tensor, negatives: Tensor, margin: float
) -> tuple[Tensor, Tensor]:
    """In how many triplets that cost something each pair is the positive, and the negative.

    Both [batch, batch]. They count the same comparisons, d(a, n) - margin < d(a, p), from either
    side: counted otherwise, rounding would tear the two apart.
    """
    shifted = (distances - margin).masked_fill(~negatives, torch.inf)
    pulled = distances.masked_fill(~positives, -torch.inf)
    pulls = torch.searchsorted(shifted.sort(1).values, pulled)
    pushes = len(pulled) - torch.searchsorted(pulled.sort(1).values, shifted, right=True)
    return pulls, pushes


def _soft_sum(distances: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """Sum of ln(1 + exp(d(a, p) - d(a, n))) over all triplets, with one question to the device."""
    anchors, positive = positives.nonzero(as_tuple=True)
    total = distances.sum() * 0
    for a, p in zip(torch.split(anchors, _PAIRS), torch.split(positive, _PAIRS), strict=True):
        terms = hinge(distances[a, p][:, None] - distances[a], "soft")
        total = total + terms.masked_fill(~negatives[a], 0).sum()
    return total
