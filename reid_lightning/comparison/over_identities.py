"""How far a difference of scores may be due to the people who happen to be in the query set."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

RESAMPLES = 10_000
_LEVEL = 0.95
_BLOCK = 2**22  # identities drawn at once


class Interval(NamedTuple):
    """A two-sided 95% interval."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the difference has a sign."""
        return self.low > 0 or self.high < 0


def interval_over_identities(
    differences: NDArray[np.float64], pids: Sequence[str] | Sequence[int], seed: int = 0
) -> list[Interval] | None:
    """Intervals of mean differences between two sets of scores of the same queries.

    Queries of one person are not independent, so people are resampled, each with all of his
    queries (the cluster bootstrap); the mean is the ratio of a sum to a count, both resampled. The
    percentiles are expanded as of few people needed (Hesterberg, What Teachers Should Know about
    the Bootstrap, The American Statistician 2015).

    Args:
        differences: [queries, scores].
        pids: of each query.
        seed: of the resampling.

    Returns:
        One interval a score; None with fewer than two people.
    """
    people, index, counts = np.unique(pids, return_inverse=True, return_counts=True)
    if len(people) < 2:
        return None
    sums = np.zeros((len(people), differences.shape[1]))
    np.add.at(sums, index, differences)
    means = _resampled_means(sums, counts.astype(np.float64), np.random.default_rng(seed))
    tail = expanded_tail(len(people))
    # The upper end as the lower one of the negated means, so that swapping the sides is exact.
    lows, highs = np.quantile(means, tail, axis=0), 0 - np.quantile(-means, tail, axis=0)
    return [Interval(float(low), float(high)) for low, high in zip(lows, highs, strict=True)]


def expanded_tail(clusters: int) -> float:
    """The share of resamples below a 95% interval: 2.5%, and less with few clusters."""
    t = stdtrit(clusters - 1, (1 - _LEVEL) / 2)
    return float(ndtr(t * np.sqrt(clusters / (clusters - 1))))


def _resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    """The means [resamples, scores] of as many clusters drawn with replacement as there are."""
    clusters, blocks = len(sums), []
    columns = np.column_stack([sums, counts])
    for start in range(0, RESAMPLES, size := max(1, _BLOCK // clusters)):
        rows = min(size, RESAMPLES - start)
        drawn = random.integers(clusters, size=(rows, clusters))
        drawn += clusters * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * clusters).reshape(rows, clusters)
        totals = times @ columns
        blocks.append(totals[:, :-1] / totals[:, -1:])
    return np.concatenate(blocks)
