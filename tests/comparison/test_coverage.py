"""How often the interval over identities holds the true difference, in cases where it is known.

`python -m pytest -m slow -s tests/comparison/test_coverage.py` prints what docs/comparing.md shows.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from reid_lightning.comparison.over_identities import interval_over_identities

CASES = 1_000
SIZES = range(1, 9)  # queries of an identity, each as likely
PERSON, PERSON_AND_SYSTEM, QUERY, QUERY_AND_SYSTEM = 0.7, 0.4, 0.5, 0.5  # standard deviations
LEVELS = 0.3, 0.45  # of systems A and B
SPREAD = math.sqrt(PERSON**2 + PERSON_AND_SYSTEM**2 + QUERY**2 + QUERY_AND_SYSTEM**2)


def difficulty(size: int | NDArray[np.int64]) -> float | NDArray[np.float64]:
    """People with many queries are harder for B alone: a mean over people would be another."""
    return 0.04 * (size - 4.5)


def true_differences() -> tuple[float, float]:
    """Of the mean of Φ(x), an AP between 0 and 1, and of the share of x > 0, a first rank."""
    phi, queries = NormalDist().cdf, sum(SIZES)

    def means(level: float, harder: int) -> NDArray[np.float64]:
        levels = [(size, level - harder * difficulty(size)) for size in SIZES]
        ap = sum(size * phi(x / math.sqrt(1 + SPREAD**2)) for size, x in levels)
        rank1 = sum(size * phi(x / SPREAD) for size, x in levels)
        return np.array([ap, rank1]) / queries

    ap, rank1 = means(LEVELS[1], 1) - means(LEVELS[0], 0)
    return float(ap), float(rank1)


def sample(identities: int, random: np.random.Generator) -> tuple[NDArray[np.float64], list[int]]:
    """Differences [queries, 2] of AP and of Rank-1, and the queries' identities."""
    sizes = random.integers(SIZES.start, SIZES.stop, identities)
    pids = np.repeat(np.arange(identities), sizes)
    both = random.normal(0, PERSON, identities)[pids] + random.normal(0, QUERY, len(pids))
    scores = []
    for harder, level in enumerate(LEVELS):
        own = random.normal(0, PERSON_AND_SYSTEM, identities)[pids]
        own = own + random.normal(0, QUERY_AND_SYSTEM, len(pids))
        x = level - harder * difficulty(sizes)[pids] + both + own
        scores.append(np.stack([ndtr(x), x > 0], axis=1))
    return scores[1] - scores[0], pids.tolist()


def covered(identities: int, cases: int) -> NDArray[np.float64]:
    """The share of cases whose interval holds the true difference: of AP and of Rank-1."""
    random, truth = np.random.default_rng(identities), true_differences()
    held = np.zeros(2)
    for _ in range(cases):
        intervals = interval_over_identities(*sample(identities, random))
        held += [i.low <= t <= i.high for i, t in zip(intervals or [], truth, strict=True)]
    return held / cases


def test_the_true_differences_are_those_of_a_very_large_sample() -> None:
    differences, _ = sample(200_000, np.random.default_rng(0))
    assert differences.mean(axis=0) == pytest.approx(true_differences(), abs=0.003)


@pytest.mark.slow
@pytest.mark.parametrize("identities", [5, 8, 20, 50, 200, 750])
def test_the_interval_holds_the_true_difference_in_95_of_100_cases(identities: int) -> None:
    m_ap, rank1 = covered(identities, CASES)
    print(f"\n{identities} identities: mAP {m_ap:.1%}, Rank-1 {rank1:.1%}")
    if identities >= 20:  # fewer are reported as too few
        assert 0.93 <= m_ap <= 0.97 and 0.93 <= rank1 <= 0.97
    else:
        assert 0.8 <= rank1 <= m_ap <= 0.95
