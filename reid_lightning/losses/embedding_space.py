"""The space that a metric loss measures in: a distance, on raw or unit-norm embeddings."""

import math
from dataclasses import dataclass

from torch import Tensor

from reid_lightning.distances import (
    Distance,
    at_least_float32,
    mining_distance,
    paired_distance,
    pairwise_distance,
    unit_norm,
)
from reid_lightning.signatures import checked


@checked("loss")
@dataclass(frozen=True)
class EmbeddingSpace:
    """A distance, on raw or unit-norm embeddings.

    Args:
        distance: `euclidean`, `squared` or `cosine`.
        normalize: scale embeddings to unit norm first.

    Raises:
        ReIDError: an unknown distance.
    """

    distance: Distance
    normalize: bool

    @property
    def largest_distance(self) -> float:
        """The most that two embeddings can be apart; infinite without unit norm."""
        if not self.normalize and self.distance != "cosine":
            return math.inf
        return 4.0 if self.distance == "squared" else 2.0

    def points(self, embeddings: Tensor) -> Tensor:
        """Embeddings [batch, d] in at least float32, at unit norm if `normalize`."""
        return unit_norm(embeddings) if self.normalize else at_least_float32(embeddings)

    def paired_distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distances [n] between the same rows of points [n, d], with gradient."""
        return paired_distance(x, y, self.distance)

    def pairwise_distance(self, points: Tensor) -> Tensor:
        """Distances [batch, batch] between all points [batch, d], with gradient."""
        return pairwise_distance(points, self.distance)

    def mining_distance(self, points: Tensor) -> Tensor:
        """Numbers [batch, batch] that sort like distances within each row, without gradient."""
        return mining_distance(points, self.distance)
