"""Expanded k-reciprocal sets: pictures that have one another among their nearest."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reid_lightning.parallel import in_blocks


def expanded_sets(
    order: NDArray[np.int32], half: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The set R* of every picture (Zhong et al., CVPR 2017).

    Its reciprocal neighbours, joined by those of each of them of which more than 2/3 are its own
    too (the published code's rule).

    Args:
        order: [total, k], each picture's nearest pictures.
        half: how many nearest pictures count for the sets that may join another.

    Returns:
        How many members each set has, [total], and the members of one set after the other.
    """
    parts = in_blocks(lambda start, stop: _expanded(order, half, start, stop), len(order))
    counts, members = zip(*parts, strict=True)
    return np.concatenate(counts), np.concatenate(members)


@njit(nogil=True, cache=True)
def _reciprocal(order: NDArray[np.int32], i: int, k: int, found: NDArray[np.int32]) -> int:
    """Write to `found` those of the `k` nearest of `i` that have `i` among theirs; how many."""
    count = 0
    for a in range(k):
        for b in range(k):
            if order[order[i, a], b] == i:
                found[count] = order[i, a]
                count += 1
                break
    return count


@njit(nogil=True, cache=True)
def _expanded(
    order: NDArray[np.int32], half: int, start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The sets of pictures `start` to `stop`."""
    total, k = order.shape
    counts = np.empty(stop - start, np.int64)
    members = np.empty((stop - start) * min(k * (1 + half), total), np.int32)
    near = np.empty(half, np.int32)
    place = np.full(total, -1, np.int64)  # of a picture in members; before `first`: not in this set
    first = 0
    for i in range(start, stop):
        core = first + _reciprocal(order, i, k, members[first:])
        last = core
        for a in range(first, core):
            place[members[a]] = a
        for a in range(first, core):
            size = _reciprocal(order, members[a], half, near)
            common = 0
            for b in range(size):
                if first <= place[near[b]] < core:
                    common += 1
            if 3 * common > 2 * size:
                for b in range(size):
                    if place[near[b]] < first:
                        place[near[b]] = last
                        members[last] = near[b]
                        last += 1
        counts[i - start] = last - first
        first = last
    return counts, members[:first].copy()
