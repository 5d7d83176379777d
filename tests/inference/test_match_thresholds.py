import numpy as np
import pytest
from people import draw_people, slow_pairs

from reid_lightning.inference import match_thresholds
from reid_lightning.inference.match_thresholds import match_threshold


def pairs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    same, other, who = slow_pairs(draw_people(count, seed=seed))
    return np.array(same), np.array(other), np.array(who)


def test_as_many_pairs_reach_the_threshold_as_it_says() -> None:
    same, other, who = pairs(60, seed=0)
    for rate in (0.01, 0.001):
        threshold = match_threshold(rate, same, other, who)
        assert threshold is not None
        assert np.sum(other >= threshold.similarity) == int(rate * len(other))
        assert threshold.found == np.mean(same >= threshold.similarity)
        assert threshold.low < threshold.similarity < threshold.high


def test_the_interval_is_that_of_people_resampled_one_by_one() -> None:
    same, other, who = pairs(20, seed=1)
    threshold = match_threshold(0.01, same, other, who)
    assert threshold is not None
    random, found = np.random.default_rng(7), []
    for _ in range(400):
        times = np.bincount(random.integers(20, size=20), minlength=20)
        repeated = np.repeat(other, times[who[:, 0]] * times[who[:, 1]])
        found.append(np.sort(repeated)[::-1][int(0.01 * len(repeated)) - 1])
    low, high = np.quantile(found, [0.022, 0.978])
    assert threshold.low == pytest.approx(min(low, threshold.similarity), abs=0.03)
    assert threshold.high == pytest.approx(max(high, threshold.similarity), abs=0.03)


def test_intervals_hold_the_threshold_of_all_people() -> None:
    """Of the 95% intervals of 20 draws, most hold it."""
    _, other, _ = pairs(250, seed=100)
    true = np.quantile(other, 0.99)
    inside = 0
    for seed in range(20):
        threshold = match_threshold(0.01, *pairs(30, seed=seed))
        assert threshold is not None
        inside += threshold.low <= true <= threshold.high
    assert inside >= 17


def test_too_few_pairs_or_people_give_none() -> None:
    same, other, who = pairs(40, seed=0)
    assert match_threshold(0.001, same, other, who) is None  # 780 pairs of people
    assert match_threshold(0.01, same, other[:2_999], who[:2_999]) is None
    assert match_threshold(0.01, same, other[:0], who[:0]) is None


def test_pairs_below_the_tail_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    same, other, who = pairs(40, seed=3)
    whole = match_threshold(0.01, same, other, who)
    monkeypatch.setattr(match_thresholds, "_WHOLE", 1_000)
    assert match_threshold(0.01, same, other, who) == whole
