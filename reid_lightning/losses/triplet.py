"""The triplet loss over mined triplets."""

import torch
from torch import Tensor, nn

from reid_lightning.distances import Distance
from reid_lightning.losses.embedding_space import EmbeddingSpace
from reid_lightning.losses.mining import Mining, mine_hard, mine_random, mine_semihard
from reid_lightning.losses.reduction import Margin, MetricTerms, triplet_terms
from reid_lightning.signatures import checked


@checked("loss")
class TripletLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n) + margin]₊ over the triplets that `mining` picks.

    Sources: FaceNet (Schroff et al. 2015, section 3) for the loss and semi-hard mining;
    "In Defense of the Triplet Loss" (Hermans et al. 2017, section 2) for batch-hard mining and
    the soft margin.

    Args:
        mining: `random`, `hard` or `semihard`.
        margin: a number, or `soft` for ln(1 + exp(d(a, p) - d(a, n))).
        distance: `euclidean`, `squared` or `cosine`.
        normalize: scale embeddings to unit norm first.

    Raises:
        ReIDError: an unknown mining rule, margin or distance.
    """

    def __init__(
        self, mining: Mining, margin: Margin, distance: Distance = "euclidean", *, normalize: bool
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
            generator: of the random triplets.
        """
        points = self.space.points(embeddings)
        if self.mining == "semihard":  # a triplet per pair needs most of the distance matrix
            distances = self.space.pairwise_distance(points)
            triplets = mine_semihard(distances.detach(), labels)
            d_pos, d_neg = distances, distances.gather(1, triplets.negative)
        else:
            if self.mining == "random":
                triplets = mine_random(labels, generator)
            else:
                triplets = mine_hard(self.space.mining_distance(points), labels)
            d_pos, d_neg = (
                self.space.paired_distance(points, points.index_select(0, indices))
                for indices in (triplets.positive, triplets.negative)
            )
        return triplet_terms(d_pos, d_neg, triplets.valid, self.margin)
