"""Where a metric loss measures: which distance, on which embeddings."""

from dataclasses import dataclass
from typing import get_args

from torch import Tensor

from reid_lightning.distances import (
    Distance,
    at_least_float32,
    mining_distance,
    paired_distance,
    pairwise_distance,
    unit_norm,
)
from reid_lightning.errors import check_choice


@dataclass(frozen=True)
class EmbeddingSpace:
    """One distance, on embeddings as they are or at unit norm.

    Args:
        distance: `euclidean`, `squared` or `cosine`.
        normalize: bring embeddings to unit norm first.
    """

    distance: Distance
    normalize: bool

    def __post_init__(self) -> None:
        check_choice("loss.distance", self.distance, get_args(Distance))

    def points(self, embeddings: Tensor) -> Tensor:
        """Embeddings [batch, d] in float32 at least, at unit norm if asked for."""
        return unit_norm(embeddings) if self.normalize else at_least_float32(embeddings)

    def between(self, x: Tensor, y: Tensor) -> Tensor:
        """Distances [n] of points [n, d] row by row, with gradient."""
        return paired_distance(x, y, self.distance)

    def matrix(self, points: Tensor) -> Tensor:
        """All distances [batch, batch], with gradient."""
        return pairwise_distance(points, self.distance)

    def order(self, points: Tensor) -> Tensor:
        """[batch, batch] whose rows order the pictures by distance: a cheap guide to mine by."""
        return mining_distance(points, self.distance)
