"""The steps between embedding and ranking, in the one order that makes sense."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from reid_lightning.distances import all_finite, ranking_distance, unit_norm
from reid_lightning.errors import ReIDError
from reid_lightning.parallel import chunks
from reid_lightning.retrieval.embedded_set import EmbeddedSet, concatenate
from reid_lightning.retrieval.multi_query import multi_query
from reid_lightning.retrieval.neighbour_mean import NeighbourMean
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.rerank.rows import DistanceRows, squared_rows
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal, joint_score
from reid_lightning.signatures import checked


class EmbeddingStep(Protocol):
    """A step of one's own: new embeddings of query and gallery, [n, d'] and [m, d']."""

    def __call__(self, query: EmbeddedSet, gallery: EmbeddedSet) -> tuple[Tensor, Tensor]:
        """Called with a gallery without junk."""


@checked("retrieval")
@dataclass(frozen=True)
class Retrieval:
    """The steps to take, in this order; every combination is possible.

    Args:
        flip: embeddings are the mean over a picture and its mirror image (done when embedding).
        multi_query: a query is the mean over all pictures of its person by its camera.
        database: averages every gallery embedding with its neighbours in the gallery.
        expansion: averages every query with its neighbours in the gallery.
        spatial_temporal: joins time and place to the cosine similarity.
        rerank: k-reciprocal re-ranking.
        own_steps: taken before all others (but `flip`), one after the other.

    Raises:
        ReIDError: an argument is none of these.
    """

    flip: bool = False
    multi_query: bool = False
    database: NeighbourMean | None = None
    expansion: NeighbourMean | None = None
    spatial_temporal: SpatialTemporal | None = None
    rerank: Rerank | None = None
    own_steps: tuple[EmbeddingStep, ...] = ()

    @property
    def uses_raw_distances(self) -> bool:
        """Whether pictures are ranked by the distance of embeddings, without a step after it."""
        return self.spatial_temporal is None and self.rerank is None

    @property
    def uses_raw_embeddings(self) -> bool:
        """Whether the embeddings compared are those of the network, without a step in between."""
        averaged = self.multi_query or self.database is not None or self.expansion is not None
        return not self.own_steps and not averaged

    def embeddings(
        self, query: EmbeddedSet, gallery: EmbeddedSet, *, normalize: bool
    ) -> tuple[Tensor, Tensor]:
        """The embeddings to compare, [queries, d] and [gallery, d].

        Args:
            query, gallery: as embedded, without junk.
            normalize: scale embeddings to unit norm after every step, for the cosine distance.

        Raises:
            ReIDError: a step gave a number that is not finite, or too few embeddings.
        """
        norm: Callable[[Tensor], Tensor] = unit_norm if normalize else lambda x: x
        for step in self.own_steps:
            x, y = step(query, gallery)
            if len(x) != len(query.pids) or len(y) != len(gallery.pids):
                raise ReIDError(
                    f"The retrieval step {_name(step)} returned {len(x)} and {len(y)} embeddings "
                    f"for {len(query.pids)} queries and {len(gallery.pids)} gallery pictures."
                )
            _check_finite(_name(step), x, y)
            query, gallery = query._replace(embeddings=x), gallery._replace(embeddings=y)
        query = query._replace(embeddings=norm(query.embeddings))
        gallery = gallery._replace(embeddings=norm(gallery.embeddings))
        if self.multi_query:
            query = query._replace(embeddings=norm(multi_query(query, gallery)))
            _check_finite("multi_query", query.embeddings)
        if self.database is not None:
            gallery = gallery._replace(embeddings=norm(self.database(gallery.embeddings)))
            _check_finite("database", gallery.embeddings)
        if self.expansion is not None:
            expanded = norm(self.expansion(query.embeddings, gallery.embeddings))
            query = query._replace(embeddings=expanded)
            _check_finite("expansion", query.embeddings)
        return query.embeddings, gallery.embeddings

    def distances(self, query: EmbeddedSet, gallery: EmbeddedSet) -> Iterator[Tensor]:
        """The distances to rank by unless `uses_raw_distances`: chunks [rows, gallery] in order.

        Args:
            query, gallery: with the embeddings that `embeddings` returned.

        Raises:
            ReIDError: a step gave a distance that is not finite.
        """
        if self.rerank is not None:
            pictures = concatenate([query, gallery])
            rows = (
                squared_rows(pictures.embeddings)
                if self.spatial_temporal is None
                else _joint_rows(pictures, self.spatial_temporal)
            )
            for final in self.rerank(rows, len(query.pids), len(pictures.pids)):
                _check_finite("rerank", final)
                yield final
        elif self.spatial_temporal is not None:
            x, y = unit_norm(query.embeddings), unit_norm(gallery.embeddings)
            for chunk in chunks(len(x), torch.float64.itemsize * len(y)):
                similarity = -ranking_distance(x[chunk].double(), y)
                p = self.spatial_temporal.probability(
                    query.camids[chunk], query.times[chunk], gallery.camids, gallery.times
                )
                joint = joint_score(similarity, p)
                _check_finite("spatial_temporal", joint)
                yield -joint


def _joint_rows(pictures: EmbeddedSet, model: SpatialTemporal) -> DistanceRows:
    """Distances 2 - 2 × joint score of all pictures, as st-ReID's authors re-rank by them."""
    x = unit_norm(pictures.embeddings)

    def rows(start: int, stop: int) -> Tensor:
        chunk = slice(start, stop)
        p = model.probability(
            pictures.camids[chunk], pictures.times[chunk], pictures.camids, pictures.times
        )
        joint = joint_score(x[chunk] @ x.T, p)
        _check_finite("spatial_temporal", joint)
        return 2 - 2 * joint

    return rows


def _name(step: EmbeddingStep) -> str:
    function = getattr(step, "func", step)  # of a partial
    return getattr(function, "__name__", type(function).__name__)


def _check_finite(step: str, *numbers: Tensor) -> None:
    """Check what a step gave: ranking must never take a NaN for near."""
    if not all(map(all_finite, numbers)):
        raise ReIDError(f"The retrieval step {step} gave a number that is not finite.")
