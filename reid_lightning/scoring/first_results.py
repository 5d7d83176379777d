"""The first results of every query, in the order in which they are scored."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.distances import Distance, paired_distance
from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.retrieval import EmbeddedSet

FIRST = 10  # results of a query


class FirstResults(NamedTuple):
    """The nearest gallery pictures of every query, without junk, all [queries, `FIRST`].

    `gallery` are indices in the whole gallery, -1 where fewer of its pictures count; `hit` is
    whether they show the query's person; `distance` is 1 - cosine or |x - y| where embeddings are
    ranked directly, else what is ranked.
    """

    gallery: Tensor
    hit: Tensor
    distance: Tensor


class FirstResultsSoFar:
    """Collects the first results of the queries, chunk by chunk.

    Args:
        query, gallery: as they are ranked, after the steps of retrieval.
        gallery_indices: [gallery], of the ranked pictures in the whole gallery.
        shown_as: the distance of embeddings that is kept; none where other distances than the
            embeddings' own are ranked: then those are kept.
    """

    def __init__(
        self,
        query: EmbeddedSet,
        gallery: EmbeddedSet,
        gallery_indices: Tensor,
        shown_as: Distance | None,
    ) -> None:
        self.query, self.gallery, self.shown_as = query, gallery, shown_as
        self.gallery_indices = gallery_indices
        self.counts = gallery.pids != -1
        self._rows: list[FirstResults] = []

    def add(self, chunk: RankedChunk) -> None:
        """Collect from the next chunk."""
        for query, distances in enumerate(chunk.distances, start=chunk.queries.start):
            self._rows.append(self._first(query, distances))

    def joined(self) -> FirstResults:
        """The results of all queries, on the CPU."""
        return FirstResults(*(torch.stack(column) for column in zip(*self._rows, strict=True)))

    def _first(self, query: int, distances: Tensor) -> FirstResults:
        same = self.gallery.pids == self.query.pids[query]
        counts = self.counts & ~(same & (self.gallery.camids == self.query.camids[query]))
        ranked = distances.masked_fill(~counts, torch.inf)
        # All that are as near as the last one: at equal distances a miss precedes a hit.
        length = min(FIRST, len(ranked))
        last = ranked.kthvalue(length).values if length else torch.inf
        near = ((ranked <= last) & counts).nonzero().flatten()
        near = near[same[near].int().argsort(stable=True)]
        near = near[ranked[near].argsort(stable=True)][:FIRST]
        shown = distances[near]
        if self.shown_as is not None:
            pictures = self.gallery.embeddings[near]
            own = self.query.embeddings[query].expand_as(pictures)
            shown = paired_distance(own, pictures, self.shown_as)
        missing = (0, FIRST - len(near))
        return FirstResults(
            F.pad(self.gallery_indices[near], missing, value=-1).cpu(),
            F.pad(same[near], missing).cpu(),
            F.pad(shown.float(), missing, value=torch.nan).cpu(),
        )
