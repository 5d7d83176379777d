"""Scores of open sets, against NIST's definitions spelt out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.metrics.open_set import (
    Searches,
    det_curve,
    fnir_at_fpir,
    pairs_needed,
    tar_at_far,
)

DISTANCES = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=30)


def searches(ranks: list[int], matches: list[float], nearest: list[float]) -> Searches:
    return Searches(torch.tensor(ranks), torch.tensor(matches), torch.tensor(nearest))


def slow_fnir(found: Searches, fpir: float, rank: int) -> float:
    """The least FNIR(T, R) over all thresholds T with FPIR(T) ≤ `fpir`."""
    matches, nearest = found.match_distance.tolist(), found.nearest.tolist()
    best = 1.0
    for threshold in [-1e9, *matches, *nearest, *(d + 0.5 for d in (*matches, *nearest))]:
        false_positives = sum(distance <= threshold for distance in nearest)
        if false_positives > fpir * len(nearest) + 1e-9:
            continue
        missed = sum(
            not (r <= rank and distance <= threshold)
            for r, distance in zip(found.first_match.tolist(), matches, strict=True)
        )
        best = min(best, missed / len(matches))
    return best


def test_a_case_by_hand() -> None:
    found = searches([1, 1, 2, 30], [0.1, 0.3, 0.2, 0.35], [0.25, 0.4, 0.5, 0.6])
    # Nobody who is absent may be found: T < 0.25, and two matches are nearer, one of them second.
    assert fnir_at_fpir(found, 0.01, 1) == 0.75
    assert fnir_at_fpir(found, 0.01, 20) == 0.5
    # One in four may: T < 0.4.
    assert fnir_at_fpir(found, 0.25, 1) == 0.5
    assert fnir_at_fpir(found, 0.25, 20) == 0.25
    assert fnir_at_fpir(found, 1.0, 30) == 0
    curve = det_curve(found, 20)
    assert curve.fpir.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.fnir.tolist() == [0.5, 0.25, 0.25, 0.25, 0.25]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), fpir=st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]), rank=st.integers(1, 25))
def test_it_is_the_definition(data: st.DataObject, fpir: float, rank: int) -> None:
    matches, nearest = data.draw(DISTANCES), data.draw(DISTANCES)
    ranks = data.draw(st.lists(st.integers(1, 30), min_size=len(matches), max_size=len(matches)))
    found = searches(ranks, matches, nearest)
    fnir = fnir_at_fpir(found, fpir, rank)
    assert fnir == pytest.approx(slow_fnir(found, fpir, rank))
    curve = det_curve(found, rank)
    assert bool((curve.fnir.diff() <= 0).all()) and bool((curve.fpir.diff() >= 0).all())
    allowed = curve.fnir[curve.fpir <= fpir + 1e-9]
    assert fnir == pytest.approx(float(allowed.min()))
    # More is found with more false positives, and among more candidates.
    assert fnir_at_fpir(found, 1.0, rank) <= fnir
    assert fnir_at_fpir(found, fpir, rank + 5) <= fnir


@settings(max_examples=100, deadline=None)
@given(same=DISTANCES, other=DISTANCES, far=st.sampled_from([0.0, 0.001, 0.1, 0.3, 1.0]))
def test_pairs_are_accepted_as_defined(same: list[float], other: list[float], far: float) -> None:
    best = 0.0
    for threshold in [-1e9, *same, *other, 1e9]:
        if sum(d <= threshold for d in other) <= far * len(other) + 1e-9:
            best = max(best, sum(d <= threshold for d in same) / len(same))
    nearest = torch.tensor(sorted(other)[: pairs_needed(len(other), far)])
    found = tar_at_far(torch.tensor(same), nearest, len(other), far)
    assert found == pytest.approx(best)
