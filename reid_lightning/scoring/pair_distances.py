"""Distances of a sample of query-gallery pairs: of one person, and of two persons."""

import torch
from torch import Tensor

from reid_lightning.distances import Distance, paired_distance
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.metrics.ranking import count_matches
from reid_lightning.retrieval import EmbeddedSet

_SAMPLED_QUERIES, _SAMPLED_NEGATIVES = 256, 64  # evenly spread over the queries and the gallery


class PairDistances:
    """Collects all positives and some negatives of a sample of the queries that have a match.

    Args:
        query, gallery: as they are ranked, after the steps of retrieval.
        shown_as: the distance of embeddings that is collected; none where other distances than the
            embeddings' own are ranked: then those are collected.
    """

    def __init__(self, query: EmbeddedSet, gallery: EmbeddedSet, shown_as: Distance | None) -> None:
        self.query, self.gallery, self.shown_as = query, gallery, shown_as
        matches = count_matches(Identities(query.pids, query.camids, gallery.pids, gallery.camids))
        valid = matches.nonzero().flatten()
        self.sampled = set(valid[:: max(1, -(-len(valid) // _SAMPLED_QUERIES))].tolist())
        self.positive: list[Tensor] = []
        self.negative: list[Tensor] = []

    def add(self, chunk: RankedChunk) -> None:
        """Collect from the next chunk."""
        first = chunk.queries.start
        for row, ranked in enumerate(chunk.distances):
            if first + row in self.sampled:
                self._add_query(first + row, ranked)

    def joined(self) -> tuple[Tensor, Tensor]:
        """The distances of positive and of negative pairs, float32 on the CPU."""
        positive, negative = (
            torch.cat([torch.empty(0), *(part.float().cpu() for part in parts)])
            for parts in (self.positive, self.negative)
        )
        return positive, negative

    def _add_query(self, query: int, ranked: Tensor) -> None:
        pids, camids = self.gallery.pids, self.gallery.camids
        same = pids == self.query.pids[query]
        sampled = torch.zeros_like(same)
        sampled[:: max(1, len(pids) // _SAMPLED_NEGATIVES)] = True
        positive = (same & (camids != self.query.camids[query])).nonzero().flatten()
        negative = (sampled & ~same & (pids != -1)).nonzero().flatten()
        for kept, indices in ((self.positive, positive), (self.negative, negative)):
            kept.append(self._distances(query, indices, ranked))

    def _distances(self, query: int, indices: Tensor, ranked: Tensor) -> Tensor:
        if self.shown_as is None:
            return ranked[indices]
        pictures = self.gallery.embeddings[indices]
        own = self.query.embeddings[query].expand_as(pictures)
        return paired_distance(own, pictures, self.shown_as)
