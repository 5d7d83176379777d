"""How far a difference of scores may be due to the seeds that happened to be trained with."""

import math
from collections.abc import Sequence
from statistics import mean, variance

from scipy.special import stdtrit

from reid_lightning.comparison.over_identities import Interval

_UPPER = 0.975


def paired_interval(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Student's interval of the mean of b − a, where a and b are of the same two or more seeds."""
    differences = [after - before for before, after in zip(a, b, strict=True)]
    error = math.sqrt(variance(differences) / len(differences))
    return _interval(mean(differences), error, len(differences) - 1)


def welch_interval(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Welch's interval of mean(b) − mean(a), of two or more seeds each, which need not be the same.

    The variances of a and b may differ.
    """
    difference, sizes = mean(b) - mean(a), (len(a), len(b))
    parts = [variance(scores) / len(scores) for scores in (a, b)]
    if not sum(parts):
        return Interval(difference, difference)
    shares = [part / sum(parts) for part in parts]
    freedom = 1 / sum(share**2 / (size - 1) for share, size in zip(shares, sizes, strict=True))
    return _interval(difference, math.sqrt(sum(parts)), freedom)


def _interval(difference: float, error: float, freedom: float) -> Interval:
    half = float(stdtrit(freedom, _UPPER)) * error
    return Interval(difference - half, difference + half)
