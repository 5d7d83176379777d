"""The bootstrap over identities, against a plain loop, and its laws."""

import math
import random
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reid_lightning.comparison import over_identities
from reid_lightning.comparison.over_identities import expanded_tail, interval_over_identities


def slow_interval(differences: list[float], pids: list[int]) -> tuple[float, float]:
    """One resample at a time, each person's queries one at a time."""
    generator, people = random.Random(5), sorted(set(pids))
    rows = list(zip(differences, pids, strict=True))
    means = []
    for _ in range(10_000):
        drawn = [generator.choice(people) for _ in people]
        values = [d for person in drawn for d, pid in rows if pid == person]
        means.append(sum(values) / len(values))
    means.sort()
    n = len(people)
    tail = NormalDist().cdf(stats.t.ppf(0.025, n - 1) * math.sqrt(n / (n - 1)))
    return means[round(tail * 9_999)], means[round((1 - tail) * 9_999)]


def test_it_is_that_of_a_plain_loop_over_people_and_queries() -> None:
    generator = random.Random(1)
    pids = [n for n in range(12) for _ in range(1 + n % 4)]
    effects = [generator.gauss(0.05, 0.1) for _ in range(12)]
    differences = [effects[pid] + generator.gauss(0, 0.05) for pid in pids]
    (interval,) = interval_over_identities(np.array(differences)[:, None], pids) or []
    assert interval == pytest.approx(slow_interval(differences, pids), abs=0.004)
    assert interval.high - interval.low > 0.08, "which 0.004 is little of"


def test_two_people_by_hand() -> None:
    """Person 1 has two queries with differences of 0.2 and 0.4, person 2 one with −0.3.

    The means of (1, 1), (1, 2) and (2, 2) are 0.3, 0.1 and −0.3: with two people, the expanded
    percentiles are the extremes.
    """
    (interval,) = interval_over_identities(np.array([[0.2], [0.4], [-0.3]]), [1, 1, 2]) or []
    assert interval == pytest.approx((-0.3, 0.3))


def test_one_person_has_no_interval() -> None:
    assert interval_over_identities(np.array([[0.2], [0.4]]), ["a", "a"]) is None


@pytest.mark.parametrize(("clusters", "tail"), [(20, 0.015886), (10_000, 0.02499)])
def test_percentiles_are_expanded_as_hesterberg_has_it(clusters: int, tail: float) -> None:
    """As a formula of scipy's distributions; of many clusters it is that of the percentiles."""
    factor = math.sqrt(clusters / (clusters - 1))
    reference = stats.norm.cdf(stats.t.ppf(0.025, clusters - 1) * factor)
    assert expanded_tail(clusters) == pytest.approx(reference, rel=1e-9)
    assert expanded_tail(clusters) == pytest.approx(tail, abs=1e-5)


def test_queries_of_one_person_count_as_one_and_not_as_many() -> None:
    differences = np.repeat(np.random.default_rng(0).normal(0, 0.1, 40), 25)[:, None]
    (clustered,) = interval_over_identities(differences, [n // 25 for n in range(1000)]) or []
    (naive,) = interval_over_identities(differences, list(range(1000))) or []
    assert clustered.high - clustered.low > 4 * (naive.high - naive.low)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    differences, pids = np.random.default_rng(0).normal(size=(30, 2)), [n // 3 for n in range(30)]
    whole = interval_over_identities(differences, pids)
    monkeypatch.setattr(over_identities, "_BLOCK", 999)
    assert np.allclose(whole, interval_over_identities(differences, pids))


cases = st.lists(
    st.tuples(st.integers(0, 6), st.floats(-1, 1, allow_subnormal=False)), min_size=2, max_size=20
).filter(lambda rows: len({pid for pid, _ in rows}) > 1)


@settings(deadline=None, max_examples=40)
@given(cases, st.floats(-1, 1, allow_subnormal=False))
def test_laws(rows: list[tuple[int, float]], shift: float) -> None:
    """No difference: 0 for certain. Swapped sides: negated. A constant more: shifted by it."""
    pids, values = [pid for pid, _ in rows], np.array([[d] for _, d in rows])
    assert interval_over_identities(0 * values, pids) == [(0, 0)]
    ((low, high),) = interval_over_identities(values, pids) or []
    assert low <= high
    assert interval_over_identities(-values, pids) == [(-high, -low)]
    ((shifted_low, shifted_high),) = interval_over_identities(values + shift, pids) or []
    assert (shifted_low, shifted_high) == pytest.approx((low + shift, high + shift), abs=1e-9)
