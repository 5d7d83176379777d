"""The steps between embedding and ranking, in the one order in which they make sense."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reid_lightning.distances import ranking_distance, unit_norm
from reid_lightning.retrieval.embedded_set import Pictures
from reid_lightning.retrieval.multi_query import multi_query
from reid_lightning.retrieval.neighbour_mean import NeighbourMean
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.rerank.rows import Rows, chunks, squared_rows
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal, joint_score

_COLUMNS = 2**14  # gallery pictures taken to float64 at a time


@dataclass(frozen=True)
class Retrieval:
    """Which steps are taken; each may stand alone, and they are taken in this order.

    Args:
        flip: embeddings are the mean over a picture and its mirror image.
        multi_query: a query is the mean over its person's pictures by its camera.
        database: averages every gallery embedding with its neighbours in the gallery.
        expansion: averages every query with its neighbours in the gallery.
        spatial_temporal: scores time and place beside the cosine similarity.
        rerank: k-reciprocal re-ranking.
    """

    flip: bool = False
    multi_query: bool = False
    database: NeighbourMean | None = None
    expansion: NeighbourMean | None = None
    spatial_temporal: SpatialTemporal | None = None
    rerank: Rerank | None = None

    @property
    def uses_raw_distances(self) -> bool:
        """Whether pictures are ranked by the distance of embeddings itself."""
        return self.spatial_temporal is None and self.rerank is None

    @property
    def uses_raw_embeddings(self) -> bool:
        """Whether pictures are compared by what the network gave."""
        return not self.multi_query and self.database is None and self.expansion is None

    def embeddings(
        self, query: Pictures, gallery: Pictures, *, normalize: bool
    ) -> tuple[Tensor, Tensor]:
        """The embeddings to compare, [queries, d] and [gallery, d].

        Args:
            query, gallery: without junk.
            normalize: bring embeddings to unit norm after every step, for the cosine distance.
        """
        norm: Callable[[Tensor], Tensor] = unit_norm if normalize else lambda x: x
        query = query._replace(embeddings=norm(query.embeddings))
        gallery = gallery._replace(embeddings=norm(gallery.embeddings))
        if self.multi_query:
            query = query._replace(embeddings=norm(multi_query(query, gallery)))
        if self.database is not None:
            gallery = gallery._replace(embeddings=norm(self.database(gallery.embeddings)))
        asked = query.embeddings
        if self.expansion is not None:
            asked = norm(self.expansion(asked, gallery.embeddings))
        return asked, gallery.embeddings

    def distances(self, query: Pictures, gallery: Pictures) -> Iterator[Tensor]:
        """The distances to rank by where they are not the embeddings' own, chunk by chunk.

        Args:
            query, gallery: with the embeddings that `embeddings` gives.
        """
        if self.rerank is not None:
            everything = Pictures(*(torch.cat(both) for both in zip(query, gallery, strict=True)))
            rows = (
                squared_rows(everything.embeddings)
                if self.spatial_temporal is None
                else _joint_rows(everything, self.spatial_temporal)
            )
            yield from self.rerank(rows, len(query.pids), len(everything.pids))
        elif self.spatial_temporal is not None:
            x, y = unit_norm(query.embeddings), unit_norm(gallery.embeddings)
            for start, stop in chunks(len(x), 2 * len(y)):  # in float64
                chunk = slice(start, stop)
                asked = x[chunk].double()
                parts = [-ranking_distance(asked, part) for part in torch.split(y, _COLUMNS)]
                similarity = torch.cat(parts, dim=1)
                p = self.spatial_temporal.probability(
                    query.camids[chunk], query.times[chunk], gallery.camids, gallery.times
                )
                yield -joint_score(similarity, p)


def _joint_rows(pictures: Pictures, model: SpatialTemporal) -> Rows:
    """Distances 2 - 2 × joint score of all pictures, as st-ReID's authors re-rank them."""
    x = unit_norm(pictures.embeddings)

    def rows(start: int, stop: int) -> Tensor:
        chunk = slice(start, stop)
        p = model.probability(
            pictures.camids[chunk], pictures.times[chunk], pictures.camids, pictures.times
        )
        return 2 - 2 * joint_score(x[chunk] @ x.T, p)

    return rows
