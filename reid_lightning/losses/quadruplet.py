"""The quadruplet loss (Chen et al. 2017): a triplet, and a pair that shares nothing with it."""

from typing import get_args

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance, normalized, pairwise_distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.losses.mining import Mining, mine
from reid_lightning.losses.reduction import MetricTerms, hinge, masked_mean, teaches


class QuadrupletLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n1) + m1]₊ + [d(a, p) - d(n2, n1) + m2]₊ over the anchors.

    n1 and n2 are of two further identities. The second term pushes identities apart that the
    anchor is not one of, so its margin is the smaller.

    Args:
        mining: `random`: positive, n1 and n2 are drawn at random; `hard`: the farthest positive,
            the nearest negative n1, and the n2 nearest to n1.
        margin, margin2: m1 > m2.
        distance: `euclidean`, `squared` or `cosine`.
        normalize: bring embeddings to unit norm first.

    Raises:
        ReIDError: an unknown choice, or margins that are not m1 > m2.
    """

    def __init__(
        self,
        mining: Mining,
        margin: float,
        margin2: float,
        distance: Distance = "euclidean",
        *,
        normalize: bool,
    ) -> None:
        super().__init__()
        check_choice("loss.mining", mining, ("random", "hard"))
        check_choice("loss.distance", distance, get_args(Distance))
        if not all(isinstance(m, float | int) for m in (margin, margin2)) or margin <= margin2:
            raise ReIDError(
                f"loss.margin={margin} and loss.margin2={margin2} must be numbers, the first the "
                "larger: the second term is the weaker push (Chen et al. 2017)."
            )
        self.mining, self.margin, self.margin2 = mining, margin, margin2
        self.distance, self.normalize = distance, normalize

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; `generator` draws the random quadruplets."""
        x = normalized(embeddings) if self.normalize else embeddings
        distances = pairwise_distance(x, kind=self.distance)
        triplets = mine(self.mining, distances, labels, generator)
        n1 = triplets.negative
        other = (labels != labels[:, None]) & (labels != labels[n1])
        n2 = self._second_negative(distances.detach(), n1, other, generator)
        d_pos = distances.gather(1, triplets.positive)
        d_neg = distances.gather(1, n1)
        d_far = distances[n1, n2]
        both = triplets.valid & other.any(1, keepdim=True)
        near = masked_mean(hinge(d_pos - d_neg, self.margin), triplets.valid)
        far = hinge(d_pos - d_far, self.margin2).masked_fill(~both, 0).sum()
        active = teaches(d_pos - d_neg, self.margin).to(d_pos.dtype)
        return MetricTerms(
            near + far / triplets.valid.sum().clamp(min=1),
            masked_mean(active, triplets.valid),
            masked_mean(d_pos.detach(), triplets.valid),
            masked_mean(d_neg.detach(), triplets.valid),
        )

    def _second_negative(
        self, distances: Tensor, n1: Tensor, other: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        if self.mining == "random":
            chance = torch.rand(other.shape, generator=generator).to(other.device)
            return chance.masked_fill(~other, -1).argmax(1, keepdim=True)
        from_n1 = distances[n1.squeeze(1)]
        return from_n1.masked_fill(~other, torch.inf).argmin(1, keepdim=True)
