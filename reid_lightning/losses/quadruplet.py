"""The quadruplet loss: a triplet, and a negative pair that the anchor is not part of."""

from typing import Literal

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import mine_hard, mine_random
from reid_lightning.losses.reduction import MetricTerms, margin_loss, triplet_terms
from reid_lightning.losses.sampling import label_segments, sample_other_identity, sample_uniforms
from reid_lightning.signatures import NonNegative, checked

QuadrupletMining = Literal["random", "hard"]


@checked("loss")
class QuadrupletLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n1) + m1]₊ + [d(a, p) - d(n2, n1) + m2]₊ over the anchors.

    "Beyond triplet loss: a deep quadruplet network for person re-identification" (Chen et al.
    2017). The identities of the anchor, n1 and n2 differ. Without a third identity the second
    term is zero. The diagnostics are those of the triplets (a, p, n1).

    Args:
        mining: `random`: positive, n1 and n2 are random; `hard`: the farthest positive, the
            n1 nearest to the anchor, and the n2 nearest to n1.
        margin, margin2: m1 > m2: the second term is the weaker.
        distance: `euclidean`, `squared` or `cosine`.
        normalize: scale embeddings to unit norm first.

    Raises:
        ReIDError: an unknown mining rule or distance, or margins that are not m1 > m2.
    """

    def __init__(
        self,
        mining: QuadrupletMining,
        margin: NonNegative,
        margin2: NonNegative,
        distance: Distance = "euclidean",
        *,
        normalize: bool,
    ) -> None:
        super().__init__()
        if margin <= margin2:
            raise ReIDError(
                f"loss.margin={margin} must be larger than loss.margin2={margin2}: the second term "
                "is the weaker one (Chen et al. 2017)."
            )
        self.mining, self.margin, self.margin2 = mining, margin, margin2
        self.space = EmbeddingSpace(distance, normalize)

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """The loss and its diagnostics.

        Args:
            embeddings: [batch, d].
            labels: [batch].
            generator: of the random quadruplets.
        """
        points = self.space.points(embeddings)
        if self.mining == "random":
            triplets = mine_random(labels, generator)
            uniforms = sample_uniforms(1, labels, generator)[0]
            anchor = torch.arange(len(labels), device=labels.device)
            second, has_second = sample_other_identity(
                uniforms, label_segments(labels), anchor, triplets.negative
            )
        else:
            distances = self.space.mining_distance(points)
            triplets = mine_hard(distances, labels)
            second, has_second = _nearest_third_identity(distances, labels, triplets.negative)
        positive, n1, n2 = (
            points.index_select(0, index)
            for index in (triplets.positive, triplets.negative, second)
        )
        d_pos = self.space.paired_distance(points, positive)
        d_neg = self.space.paired_distance(points, n1)
        terms = triplet_terms(d_pos, d_neg, triplets.valid, self.margin)
        losses = margin_loss(d_pos - self.space.paired_distance(n1, n2), self.margin2)
        second_sum = losses.masked_fill(~(triplets.valid & has_second), 0).sum()
        return terms._replace(loss=terms.loss + second_sum / triplets.valid.sum().clamp(min=1))


def _nearest_third_identity(distances: Tensor, labels: Tensor, n1: Tensor) -> tuple[Tensor, Tensor]:
    """For each anchor the picture of a third identity that is nearest to `n1` [batch].

    Returns:
        Picture indices [batch], and a mask [batch] of where a third identity exists.
    """
    third = (labels != labels[:, None]) & (labels != labels[n1][:, None])
    nearest, n2 = distances[n1].masked_fill(~third, torch.inf).min(1)
    return n2, nearest < torch.inf
