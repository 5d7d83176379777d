"""The ranks of every query's matches on the CPU, by counting: no row is ever sorted."""

import numpy as np
from numba import njit

from reid_lightning.metrics.cpu.groups import Array, Groups

_BLOCK = 1024  # distances that all matches pass over, the farthest first

# numba's cache looks at one file alone, so no compiled function here calls one of another file.


@njit(nogil=True, cache=True)
def _sort(values: Array) -> None:
    # In place, a few values; numba takes seconds to compile np.sort.
    for i in range(1, values.size):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@njit(nogil=True, cache=True)
def _at_most(distances: Array, bound: float) -> int:
    # Int32 like the distances, and nothing that branches: this loop is vectorised.
    count = np.int32(0)
    for i in range(distances.size):
        count = np.int32(count + np.int32(distances[i] <= bound))
    return int(count)


@njit(nogil=True, cache=True)
def rank_rows(
    begin: int, end: int, base: int, distances: Array, groups: Groups, ranks: Array
) -> None:
    """Add to `ranks` [queries, most] how many stand before each match of these rows' queries.

    All pictures no farther than a match are counted; then what does not count, junk and the
    query's own pid, is taken off, and the nearer matches are added.

    Args:
        distances: [rows, gallery], contiguous; row 0 is query `base`.
    """
    left_out = np.empty(groups.order.size, distances.dtype)
    for row in range(begin, end):
        query, found = base + row, distances[row]
        nearest = found[groups.matches[groups.start[query] : groups.start[query + 1]]]
        _sort(nearest)
        for first in range(0, found.size, _BLOCK):
            block = found[first : first + _BLOCK]
            for i in range(nearest.size - 1, -1, -1):
                nearer = _at_most(block, nearest[i])
                if nearer == 0:  # then it is 0 for nearer matches, too
                    break
                ranks[query, i] += nearer
        count = 0
        for place in groups.order[groups.first[query] : groups.last[query]]:
            left_out[count] = found[place]
            count += 1
        for place in groups.junk:
            left_out[count] = found[place]
            count += 1
        for i in range(nearest.size):
            ranks[query, i] += i - _at_most(left_out[:count], nearest[i])
