"""The queries that two sets of scores rank most differently."""

from typing import NamedTuple

import numpy as np

from reid_lightning.results.per_query import Query, QueryScores

SAME = 1e-12  # a smaller difference is rounding


class MovedQuery(NamedTuple):
    """A query that has a match, with its AP and the rank of its first match on both sides."""

    query: Query
    ap_a: float
    ap_b: float
    first_match_a: float
    first_match_b: float

    @property
    def gain(self) -> float:
        """How much larger the AP of B is."""
        gain = self.ap_b - self.ap_a
        return gain if abs(gain) > SAME else 0.0


def moved_queries(a: QueryScores, b: QueryScores) -> list[MovedQuery]:
    """All queries that have a match, those whose AP changes most first; equals in their order.

    Args:
        a, b: of the same queries, in the same order.
    """
    columns = a.ap, b.ap, a.first_match, b.first_match
    rows = zip(a.queries, *(column.tolist() for column in columns), strict=True)
    moved = [MovedQuery(*row) for row, has in zip(rows, a.matches > 0, strict=True) if has]
    return sorted(moved, key=lambda query: -abs(query.gain))


def mean_scores(runs: list[QueryScores]) -> QueryScores:
    """The scores of several runs as one: the mean AP, and the median rank of the first match.

    Args:
        runs: of the same queries, in the same order.
    """
    ap = np.mean([run.ap for run in runs], axis=0)
    first_match = np.median([run.first_match for run in runs], axis=0)
    return QueryScores(runs[0].queries, runs[0].matches, first_match, ap)
