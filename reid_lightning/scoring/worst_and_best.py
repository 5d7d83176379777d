"""Ranked lists of the queries with the lowest and the highest AP."""

from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor

from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.retrieval import EmbeddedSet
from reid_lightning.scoring.nearest_pictures import Retrieved, nearest


class RetrievedList(NamedTuple):
    """The index of a query, and its nearest gallery pictures."""

    query: int
    gallery: list[Retrieved]


class _Candidate(NamedTuple):
    """A query that may be listed; sorted by AP, then by its number of matches, then by index."""

    ap: float
    matches: int
    query: int
    distances: Tensor  # [gallery]


class WorstAndBest:
    """Keeps the distances of the worst and best queries so far, each of another person.

    Args:
        query, gallery: as they are ranked, after the steps of retrieval.
        gallery_indices: [gallery], of the ranked pictures in the whole gallery.
        count: lists of the worst queries, and of the best.
        length: gallery pictures in a list.
    """

    def __init__(
        self,
        query: EmbeddedSet,
        gallery: EmbeddedSet,
        gallery_indices: Tensor,
        *,
        count: int,
        length: int,
    ) -> None:
        self.gallery, self.gallery_indices = gallery, gallery_indices
        self.pids, self.camids = query.pids.tolist(), query.camids.tolist()
        self.count, self.length = count, length
        self._worst: list[_Candidate] = []
        self._best: list[_Candidate] = []

    def add(self, chunk: RankedChunk) -> None:
        """Compare with the next chunk's queries; those without a match are left out."""
        if self.count == 0:
            return
        columns = (chunk.results.ap.tolist(), chunk.results.matches.tolist(), chunk.distances)
        candidates = [
            _Candidate(ap, matches, query, distances)
            for query, (ap, matches, distances) in enumerate(
                zip(*columns, strict=True), start=chunk.queries.start
            )
            if matches
        ]
        self._worst = self._choose(sorted([*self._worst, *candidates], key=_order))
        self._best = self._choose(sorted([*self._best, *candidates], key=_order, reverse=True))

    def worst(self) -> list[RetrievedList]:
        """The lists of the queries with the lowest AP, the lowest first."""
        return [self._retrieved_list(candidate) for candidate in self._worst]

    def best(self) -> list[RetrievedList]:
        """The lists of the queries with the highest AP; of equal APs, more matches first."""
        return [self._retrieved_list(candidate) for candidate in self._best]

    def _choose(self, ordered: Iterable[_Candidate]) -> list[_Candidate]:
        """The first candidate of each person, up to `count`, with copies of their distances."""
        by_person: dict[int, _Candidate] = {}
        for candidate in ordered:
            by_person.setdefault(self.pids[candidate.query], candidate)
        chosen = list(by_person.values())[: self.count]
        return [c._replace(distances=c.distances.clone()) for c in chosen]

    def _retrieved_list(self, candidate: _Candidate) -> RetrievedList:
        pid, camid = self.pids[candidate.query], self.camids[candidate.query]
        pids, camids = self.gallery.pids, self.gallery.camids
        row = nearest(candidate.distances, pid, camid, pids, camids, self.length)
        indices = self.gallery_indices[[r.gallery_index for r in row]].tolist()
        in_gallery = [r._replace(gallery_index=i) for r, i in zip(row, indices, strict=True)]
        return RetrievedList(candidate.query, in_gallery)


def _order(candidate: _Candidate) -> tuple[float, int, int]:
    return candidate[:3]
