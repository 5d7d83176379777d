"""How similar the best result is when the person is not in the gallery, by the gallery's size."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

_LEVELS = 2_000  # candidates for a threshold: their shares of pairs differ by less than 1%
_SIZES_PER_DOUBLING = 2


class AbsentThresholds(NamedTuple):
    """For ascending sizes of galleries, the similarity that a share of absent people reach."""

    sizes: list[int]
    similarities: list[float]


def absent_thresholds(
    similarities: NDArray[np.float64], people: NDArray[np.int64], rate: float
) -> AbsentThresholds | None:
    """Thresholds at a false-positive identification rate, for galleries of many sizes.

    Every picture is searched among N pictures of other people, drawn without replacement: the
    share of the draws whose best similarity reaches a threshold follows from the number r of its M
    non-matches that reach it, 1 - C(M - r, N) / C(M, N). The rate is the mean over the pictures.

    Galleries larger than the held-out set are judged as K galleries of its size, of other people:
    with x the chance that a query stays below a threshold in one, it stays below in all with x^K,
    and the mean of x^K is at least the K-th power of the mean of x (Jensen). A threshold that the
    share 1 - (1 - rate)^(1/K) reaches in one is thus reached by `rate` at most in all: the rate is
    never understated. It ends where that share is less than one of the people searched for.

    Args:
        similarities: of all pairs of pictures [n, n].
        people: on each picture, numbered from 0, [n].
        rate: of searches for absent people whose best result reaches the threshold.

    Returns:
        None with fewer than two people, or so few that the rate is less than one of them.
    """
    counts = np.bincount(people)
    if len(counts) < 2 or rate * len(counts) < 1:
        return None
    others = [np.sort(row[people != own]) for row, own in zip(similarities, people, strict=True)]
    candidates = _candidates(np.concatenate(others))
    totals = np.array([len(row) for row in others])
    reached = totals[:, None] - np.stack([np.searchsorted(row, candidates) for row in others])
    whole, largest = int(totals.min()), _largest_multiple(rate, len(counts))
    sizes = _sizes(whole, largest * whole)
    found = []
    for size in sizes:
        share = rate if size <= whole else 1 - (1 - rate) ** (whole / size)
        found.append(_lowest(candidates, reached, totals, min(size, whole), share))
    return AbsentThresholds(sizes, np.maximum.accumulate(found).tolist())


def false_positive_rate(reached: NDArray[np.int64], totals: NDArray[np.int64], size: int) -> float:
    """The mean chance that the best of `size` non-matches, out of `totals`, is one of `reached`."""
    left = totals - reached
    enough = left >= size
    log_chance = _log_choose(np.where(enough, left, size), size) - _log_choose(totals, size)
    return float(1 - np.where(enough, np.exp(log_chance), 0).mean())


def _log_choose(n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _candidates(similarities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Similarities from low to high, dense where few pairs are; the last is above all."""
    shares = np.geomspace(1 / len(similarities), 1, _LEVELS)[::-1]
    ordered = np.sort(similarities)
    ranks = np.minimum((shares * len(ordered)).astype(np.int64), len(ordered))
    above = np.nextafter(ordered[-1:], 2.0)
    return np.append(np.unique(ordered[len(ordered) - np.maximum(ranks, 1)]), above)


def _lowest(
    candidates: NDArray[np.float64],
    reached: NDArray[np.int64],
    totals: NDArray[np.int64],
    size: int,
    share: float,
) -> float:
    """The lowest candidate that at most `share` reach; none reaches the last."""
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if false_positive_rate(reached[:, middle], totals, size) <= share:
            high = middle
        else:
            low = middle + 1
    return float(candidates[low])


def _largest_multiple(rate: float, people: int) -> float:
    """The K of which 1 - (1 - rate)^(1/K) is one of the people."""
    return math.log1p(-rate) / math.log1p(-1 / people)


def _sizes(whole: int, largest: float) -> list[int]:
    """Ascending, `whole` among them, from 1 to `largest`."""

    def spread(first: float, last: float) -> list[int]:
        steps = max(2, round(_SIZES_PER_DOUBLING * math.log2(max(last / first, 1))) + 1)
        return [int(size) for size in np.geomspace(first, last, steps)]

    return sorted({1, *spread(1, whole), whole, *spread(whole, max(largest, whole))})
