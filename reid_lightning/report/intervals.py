"""Scores of a row, with the interval that tells whether two rows differ."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from reid_lightning.report.rows import Row
from reid_lightning.report.table import NO_VALUE, Cell
from reid_lightning.results.runs import Run

_UPPER = 0.975  # of two-sided 95%
_FIRST = {"test/rank1": 1, "test/rank5": 5, "test/rank10": 10}


class Score(NamedTuple):
    """The mean over a row's runs as a fraction, and their standard deviation if they are several.

    `low` and `high` are the ends of its 95% interval (Student's t): over seeds for several runs,
    and over the people of the queries for one; equal to the mean where neither is known.
    """

    mean: float
    deviation: float | None
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Whether an interval is known."""
        return self.low < self.high


def score_of(row: Row, key: str) -> Score | None:
    """A score of a row; None if no run of it has one."""
    values = row.values(key)
    if not values:
        return None
    mean, deviation = fmean(values), stdev(values) if len(values) > 1 else None
    if deviation is not None:
        half = float(stdtrit(len(values) - 1, _UPPER)) * _error(values)
    else:
        half = _over_people(row.scored[0], key)
    return Score(mean, deviation, mean - half, mean + half)


def best_of(scores: Sequence[Score | None]) -> int | None:
    """The index of the highest score if its interval is above those of all others, else None."""
    known = {number: score for number, score in enumerate(scores) if score is not None}
    if len(known) < 2 or not all(score.has_interval for score in known.values()):
        return None
    best = max(known, key=lambda number: known[number].mean)
    above = all(known[best].low > score.high for n, score in known.items() if n != best)
    return best if above else None


def score_cell(score: Score | None, best: bool = False) -> Cell:
    """A score in per cent, with its standard deviation over several runs."""
    if score is None:
        return Cell(NO_VALUE)
    text = f"{100 * score.mean:.1f}"
    if score.deviation is not None:
        text += f" ± {100 * score.deviation:.1f}"
    return Cell(text, score.mean, score.deviation, "best" if best else "")


def _over_people(run: Run, key: str) -> float:
    """Half of the interval over people, with all of their queries; 0 where it is not known.

    Queries of one person are not independent: the standard error is the cluster-robust one.
    """
    scores = run.queries
    if scores is None or not (key == "test/mAP" or key in _FIRST):
        return 0.0
    valid = scores.matches > 0
    values = scores.ap[valid] if key == "test/mAP" else scores.first_match[valid] <= _FIRST[key]
    pids = [query.pid for query, has in zip(scores.queries, valid, strict=True) if has]
    people, person = np.unique(pids, return_inverse=True)
    if (count := len(people)) < 2:
        return 0.0
    sums = np.bincount(person, weights=values - values.mean())
    error = math.sqrt(count / (count - 1) * (sums**2).sum()) / len(values)
    return float(stdtrit(count - 1, _UPPER)) * error


def _error(values: Sequence[float]) -> float:
    return stdev(values) / math.sqrt(len(values))
