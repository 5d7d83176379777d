"""Thresholds of similarity at stated false-match rates, with intervals over people."""

import numpy as np
from numpy.typing import NDArray

from reid_lightning.comparison.over_identities import expanded_tail
from reid_lightning.inference.calibration import MatchThreshold

RESAMPLES = 500
_LEAST_FALSE_MATCHES = 30  # the "rule of 30" (Doddington et al., Speech Communication 2000)
_WHOLE = 10_000  # pairs; of more, only the most similar can decide a threshold
_TAIL = 5  # times as many as reach it
_BLOCK = 2**23  # weights of pairs held at once

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def match_threshold(
    rate: float, same: Floats, other: Floats, people: Ints, seed: int = 0
) -> MatchThreshold | None:
    """The similarity that the share `rate` of the pairs of two people reach.

    The interval resamples people, each with all of his pairs, since pairs of one person are not
    independent; a pair counts as often as both of its people were drawn.

    Args:
        rate: of false matches.
        same: similarities of pairs of one person [s].
        other: similarities of pairs of two people [n].
        people: of each of these pairs, numbered from 0, [n, 2].
        seed: of the resampling.

    Returns:
        None where fewer than 30 pairs, or less than one pair of people, would decide it.
    """
    count = int(people.max()) + 1 if len(people) else 0
    if rate * len(other) < _LEAST_FALSE_MATCHES or rate * count * (count - 1) / 2 < 1:
        return None
    order = np.argsort(-other, kind="stable")
    ordered = other[order]
    similarity = float(ordered[int(rate * len(ordered)) - 1])
    number = max(_WHOLE, int(_TAIL * rate * len(ordered)))
    pairs_of = np.zeros((count, count), np.float32)
    np.add.at(pairs_of, (people[:, 0], people[:, 1]), 1.0)
    found = _resampled(rate, ordered[:number], people[order[:number]], pairs_of, seed)
    tail = expanded_tail(count)
    low, high = np.quantile(found, [tail, 1 - tail])
    return MatchThreshold(
        similarity,
        min(float(low), similarity),
        max(float(high), similarity),
        float((same >= similarity).mean()),
    )


def _resampled(
    rate: float, tail: Floats, people: Ints, pairs_of: NDArray[np.float32], seed: int
) -> Floats:
    """The threshold of every resample; `tail` holds the most similar pairs, most similar first."""
    random, count = np.random.default_rng(seed), len(pairs_of)
    thresholds = list[float]()
    for start in range(0, RESAMPLES, size := max(1, _BLOCK // len(tail))):
        rows = min(size, RESAMPLES - start)
        times = random.multinomial(count, np.full(count, 1 / count), size=rows).astype(np.float32)
        totals = np.einsum("ri,ij,rj->r", times, pairs_of, times, optimize=True)
        reached = np.cumsum(times[:, people[:, 0]] * times[:, people[:, 1]], axis=1)
        for row, total in zip(reached, totals, strict=True):
            if total > 0:  # else one person alone was drawn
                index = np.searchsorted(row, rate * total)
                thresholds.append(float(tail[min(int(index), len(tail) - 1)]))
    return np.array(thresholds)
