"""Expanded k-reciprocal sets: pictures that have one another among their nearest.

The reciprocal set R(i, k) of picture i are those of its k nearest that have i among their own k
nearest. Members of it bring in their smaller sets R(j, k/2) if these overlap with R(i, k) enough,
which recovers pictures of the same person that are too far from i itself. All sets are written one
after the other into `members`; `position` says where a picture stands in it, so that "is it in the
set of i?" is one comparison: its position is not before the first entry of that set.
"""

import numpy as np
from numpy.typing import NDArray

from reid_lightning.compiled import compiled
from reid_lightning.parallel import in_blocks


def expanded_sets(
    order: NDArray[np.int32], half: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The set R* of every picture (Zhong et al., CVPR 2017).

    Its reciprocal set, joined by the smaller reciprocal set of each member if more than 2/3 of
    that are in the picture's own set (the published code's rule).

    Args:
        order: [total, k], each picture's nearest pictures.
        half: the number of nearest pictures considered for the smaller sets.

    Returns:
        The size of each set [total], and the members of all sets, one set after the other.
    """
    parts = in_blocks(lambda start, stop: _expanded(order, half, start, stop), len(order))
    counts, members = zip(*parts, strict=True)
    return np.concatenate(counts), np.concatenate(members)


@compiled
def _reciprocal(order: NDArray[np.int32], i: int, k: int, members: NDArray[np.int32]) -> int:
    """Write the reciprocal set of `i` among its `k` nearest to `members`; return its size."""
    count = 0
    for a in range(k):
        for b in range(k):
            if order[order[i, a], b] == i:
                members[count] = order[i, a]
                count += 1
                break
    return count


@compiled
def _expanded(
    order: NDArray[np.int32], half: int, start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The sets of pictures `start` to `stop`."""
    total, k = order.shape
    counts = np.empty(stop - start, np.int64)
    members = np.empty((stop - start) * min(k * (1 + half), total), np.int32)
    smaller = np.empty(half, np.int32)
    position = np.full(total, -1, np.int64)  # in `members`; below `first`: not in this set
    first = 0
    for i in range(start, stop):
        core = first + _reciprocal(order, i, k, members[first:])
        last = core
        for a in range(first, core):
            position[members[a]] = a
        for a in range(first, core):
            size = _reciprocal(order, members[a], half, smaller)
            common = 0
            for b in range(size):
                if first <= position[smaller[b]] < core:
                    common += 1
            if 3 * common > 2 * size:
                for b in range(size):
                    if position[smaller[b]] < first:
                        position[smaller[b]] = last
                        members[last] = smaller[b]
                        last += 1
        counts[i - start] = last - first
        first = last
    return counts, members[:first].copy()
