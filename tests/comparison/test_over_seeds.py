"""Intervals over seeds, against a textbook's numbers and scipy's."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reid_lightning.comparison.over_seeds import paired_interval, welch_interval

# Student's own example (1908): hours of sleep gained by ten patients with two drugs.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep() -> None:
    """As every textbook and R's `t.test(extra ~ group, data = sleep)` have it."""
    assert paired_interval(DRUG_1, DRUG_2) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert welch_interval(DRUG_1, DRUG_2) == pytest.approx((-0.2054832, 3.3654832), abs=1e-6)


def test_three_seeds_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, standard error 1/√3, t of two degrees of freedom 4.3027."""
    half = 4.302653 / math.sqrt(3)
    interval = paired_interval([10, 20, 30], [11, 22, 33])
    assert interval == pytest.approx((2 - half, 2 + half), abs=1e-5)
    assert not interval.excludes_zero
    assert paired_interval([10, 20, 30], [12, 22.1, 31.9]).excludes_zero


@pytest.mark.parametrize("sizes", [(2, 2), (3, 5), (8, 2)])
def test_they_are_scipys(sizes: tuple[int, int]) -> None:
    generator = random.Random(sum(sizes))
    a, b = ([generator.gauss(0.4, 0.01 * n) for _ in range(n)] for n in sizes)
    welch = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    assert welch_interval(a, b) == pytest.approx((welch.low, welch.high))
    if len(a) == len(b):
        paired = stats.ttest_rel(b, a).confidence_interval()
        assert paired_interval(a, b) == pytest.approx((paired.low, paired.high))


def test_scores_without_spread_have_an_interval_of_one_point() -> None:
    assert paired_interval([0.25, 0.5], [0.5, 0.75]) == (0.25, 0.25)
    assert welch_interval([0.5, 0.5], [0.25, 0.25, 0.25]) == (-0.25, -0.25)


scores = st.lists(st.floats(0, 1), min_size=2, max_size=6)


@given(scores, scores, st.floats(-1, 1))
def test_laws(a: list[float], b: list[float], shift: float) -> None:
    """Swapped sides: negated. A constant more: shifted by it. A side and itself: 0 for certain."""
    pair = a[: len(b)], b[: len(a)]
    for interval, (one, two) in ((paired_interval, pair), (welch_interval, (a, b))):
        low, high = interval(one, two)
        assert low <= high
        assert interval(two, one) == pytest.approx((-high, -low), abs=1e-12)
        shifted = interval(one, [score + shift for score in two])
        assert shifted == pytest.approx((low + shift, high + shift), abs=1e-6)
    assert paired_interval(a, a) == (0, 0)
