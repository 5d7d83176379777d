"""What a report shows of a ranking, taken from the distances while they are ranked."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.distances import Distance
from reid_lightning.metrics.cpu.groups import Identities
from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.metrics.ranking import count_matches
from reid_lightning.retrieval import EmbeddedSet
from reid_lightning.scoring.retrieved import Retrieved, nearest

_SAMPLED_QUERIES, _SAMPLED_NEGATIVES = 256, 64  # for the distances of pairs, evenly spread


class RetrievedList(NamedTuple):
    """The index of a query, and its nearest gallery pictures."""

    query: int
    gallery: list[Retrieved]


class Observations(NamedTuple):
    """The lists of the queries with the lowest and the highest AP, and distances of pairs.

    `positive` and `negative` are distances of a sample of query-gallery pairs: of one person seen
    by two cameras, and of two persons; 1 - cosine or |x - y| where embeddings are ranked directly,
    else the distance that is ranked.
    """

    worst: list[RetrievedList]
    best: list[RetrievedList]
    positive: Tensor
    negative: Tensor


class _Candidate(NamedTuple):
    """A query that may be listed; sorted by AP, then by its number of matches, then by index."""

    ap: float
    matches: int
    query: int
    distances: Tensor  # [gallery]


class Observer:
    """Looks at every chunk of ranked queries, and keeps the few rows that will be shown.

    Args:
        query, gallery: as they are compared: after the steps of retrieval, which may have left junk
            out of the gallery.
        gallery_indices: of the compared pictures in the whole gallery [compared].
        shown_as: `cosine` or `euclidean` where embeddings are ranked by `ranking_distance`: pairs
            are shown at the distance that its numbers stand for; none: at the ranked distance.
        lists: how many of the worst queries, and of the best, to list; each of another person.
        length: gallery pictures in a list.
    """

    def __init__(
        self,
        query: EmbeddedSet,
        gallery: EmbeddedSet,
        gallery_indices: Tensor,
        *,
        shown_as: Distance | None,
        lists: int,
        length: int,
    ) -> None:
        self.query, self.gallery, self.gallery_indices = query, gallery, gallery_indices
        self.shown_as, self.lists, self.length = shown_as, lists, length
        self.pids, self.camids = query.pids.tolist(), query.camids.tolist()
        matches = count_matches(Identities(query.pids, query.camids, gallery.pids, gallery.camids))
        valid = matches.nonzero().flatten()
        self.sampled = set(valid[:: max(1, -(-len(valid) // _SAMPLED_QUERIES))].tolist())
        self.worst: list[_Candidate] = []
        self.best: list[_Candidate] = []
        self.positive: list[Tensor] = []
        self.negative: list[Tensor] = []

    def add(self, chunk: RankedChunk) -> None:
        """Look at the next chunk; its distances may be overwritten afterwards."""
        first = chunk.queries.start
        for row, query in enumerate(range(first, first + len(chunk.distances))):
            if query in self.sampled:
                self._sample_pairs(query, chunk.distances[row])
        if self.lists == 0:
            return
        results = zip(*(c.tolist() for c in (chunk.results.ap, chunk.results.matches)), strict=True)
        candidates = [
            _Candidate(ap, matches, first + row, chunk.distances[row])
            for row, (ap, matches) in enumerate(results)
            if matches
        ]
        self.worst = self._choose(sorted([*self.worst, *candidates], key=_order))
        self.best = self._choose(sorted([*self.best, *candidates], key=_order, reverse=True))

    def observations(self) -> Observations:
        """What was seen in all chunks."""
        empty = torch.empty(0)
        worst, best = ([self._listed(c) for c in kept] for kept in (self.worst, self.best))
        positive, negative = (
            torch.cat(parts).float().cpu() if parts else empty
            for parts in (self.positive, self.negative)
        )
        return Observations(worst, best, positive, negative)

    def _choose(self, ordered: Iterable[_Candidate]) -> list[_Candidate]:
        """The first candidate of each person, as many as are listed, with rows of their own."""
        by_person: dict[int, _Candidate] = {}
        for candidate in ordered:
            by_person.setdefault(self.pids[candidate.query], candidate)
        kept = list(by_person.values())[: self.lists]
        return [c._replace(distances=c.distances.clone()) for c in kept]

    def _listed(self, candidate: _Candidate) -> RetrievedList:
        query, gallery = candidate.query, self.gallery
        row = nearest(
            candidate.distances,
            self.pids[query],
            self.camids[query],
            gallery.pids,
            gallery.camids,
            self.length,
        )
        indices = self.gallery_indices[[r.gallery_index for r in row]].tolist()
        in_gallery = [r._replace(gallery_index=i) for r, i in zip(row, indices, strict=True)]
        return RetrievedList(query, in_gallery)

    def _sample_pairs(self, query: int, ranked: Tensor) -> None:
        """Keep a query's distances from all its positives, and from some of its negatives."""
        pids, camids = self.gallery.pids, self.gallery.camids
        same, junk = pids == self.pids[query], pids == -1
        distances = self._shown(query, ranked)
        step = slice(None, None, max(1, len(pids) // _SAMPLED_NEGATIVES))
        self.positive.append(distances[same & (camids != self.camids[query])])
        self.negative.append(distances[step][~(same | junk)[step]])

    def _shown(self, query: int, ranked: Tensor) -> Tensor:
        """The distances that the ranked ones stand for, see `ranking_distance`."""
        if self.shown_as == "cosine":
            return 1 + ranked
        if self.shown_as == "euclidean":
            own = self.query.embeddings[query].double().square().sum()
            distances: Tensor = (ranked + own).clamp(min=0).sqrt()
            return distances
        return ranked


def _order(candidate: _Candidate) -> tuple[float, int, int]:
    return candidate[:3]
