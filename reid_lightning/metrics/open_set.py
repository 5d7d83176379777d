"""Scores where some people are not in the gallery, and of pairs: pure functions.

NIST's definitions (FRVT part 2, Identification; ISO/IEC 19795-1), with distances: a candidate is
returned if it is nearer than a threshold.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Searches(NamedTuple):
    """What searches found, with distances that are comparable between queries.

    Args:
        first_match: of people in the gallery, the rank of the nearest match, from 1, [mated].
        match_distance: the distance of that match [mated].
        nearest: of people who are not, the distance of the nearest picture [non-mated].
    """

    first_match: Tensor
    match_distance: Tensor
    nearest: Tensor


class DetCurve(NamedTuple):
    """FNIR of each FPIR, both [points], FPIR ascending from 0."""

    fpir: Tensor
    fnir: Tensor


def fnir_at_fpir(searches: Searches, fpir: float, rank: int) -> float:
    """The false-negative identification rate at a false-positive identification rate.

    The share of searches for people in the gallery whose match is not among the first `rank`
    candidates or not nearer than the threshold: the largest at which at most the share `fpir` of
    searches for people not in the gallery returns anybody.

    Args:
        searches: with at least one of each kind.
        fpir: from 0 to 1.
        rank: from 1.
    """
    found = searches.match_distance < _threshold(searches.nearest, fpir)
    return 1 - float((found & (searches.first_match <= rank)).double().mean())


def det_curve(searches: Searches, rank: int) -> DetCurve:
    """The detection error trade-off: FNIR at every FPIR that can be distinguished."""
    nearest = searches.nearest.double().sort().values
    thresholds = torch.cat([nearest, nearest.new_tensor([torch.inf])])
    found = searches.match_distance[searches.first_match <= rank].double().sort().values
    hits = torch.searchsorted(found, thresholds)  # strictly nearer
    total = len(searches.match_distance)
    fpir = torch.searchsorted(nearest, thresholds).double() / len(nearest)
    return DetCurve(fpir, 1 - hits.double() / total)


def tar_at_far(same: Tensor, nearest_others: Tensor, others: int, far: float) -> float:
    """The true-accept rate of pairs of one person at a false-accept rate of pairs of two.

    Args:
        same: distances of pairs of one person.
        nearest_others: distances of pairs of two people: the `pairs_needed` nearest at least.
        others: how many such pairs there are.
        far: the share of them that is nearer than the threshold, at most.
    """
    return float((same < _threshold(nearest_others, far, others)).double().mean())


def pairs_needed(others: int, far: float) -> int:
    """How many of the nearest pairs of two people `tar_at_far` needs."""
    return min(others, _allowed(others, far) + 1)


def _threshold(distances: Tensor, share: float, count: int | None = None) -> Tensor:
    """The largest threshold that at most a share of `count` distances are below, all if None."""
    allowed = _allowed(len(distances) if count is None else count, share)
    if allowed >= len(distances):
        return distances.new_tensor(torch.inf)
    return distances.kthvalue(allowed + 1).values


def _allowed(count: int, share: float) -> int:
    return math.floor(count * share + 1e-9)  # 0.1 × 30 is 3
