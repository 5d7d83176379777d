"""The quadruplet loss (Chen et al. 2017): a triplet, and a pair that shares nothing with it."""

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import Mining, chances, mine_hard, mine_random
from reid_lightning.losses.reduction import MetricTerms, hinge, told
from reid_lightning.losses.sampling import runs, sample_other


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
        if not all(isinstance(m, float | int) for m in (margin, margin2)) or margin <= margin2:
            raise ReIDError(
                f"loss.margin={margin} and loss.margin2={margin2} must be numbers, the first the "
                "larger: the second term is the weaker push (Chen et al. 2017)."
            )
        self.mining, self.margin, self.margin2 = mining, margin, margin2
        self.space = EmbeddingSpace(distance, normalize)

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; `generator` draws the random quadruplets."""
        points = self.space.points(embeddings)
        if self.mining == "random":
            triplets = mine_random(labels, generator)
            chance, by = chances(1, labels, generator)[0], runs(labels)
            anchor = torch.arange(len(labels), device=labels.device)
            second, further = sample_other(chance, by, anchor, triplets.negative)
        else:
            order = self.space.order(points)
            triplets = mine_hard(order, labels)
            second, further = _nearest_further(order, labels, triplets.negative)
        positive, n1, n2 = (
            points.index_select(0, i) for i in (triplets.positive, triplets.negative, second)
        )
        d_pos = self.space.between(points, positive)
        near = told(d_pos, self.space.between(points, n1), triplets.valid, self.margin)
        difference = d_pos - self.space.between(n1, n2)
        both = triplets.valid & further
        far = hinge(difference, self.margin2).masked_fill(~both, 0).sum()
        return near._replace(loss=near.loss + far / triplets.valid.sum().clamp(min=1))


def _nearest_further(order: Tensor, labels: Tensor, n1: Tensor) -> tuple[Tensor, Tensor]:
    """For every anchor the picture of a third identity nearest to `n1` [batch], and where it is."""
    other = (labels != labels[:, None]) & (labels != labels[n1][:, None])
    nearest, n2 = order[n1].masked_fill(~other, torch.inf).min(1)
    return n2, nearest < torch.inf
