"""The ranks of every query's matches on the CPU, by counting: no row is ever sorted.

The rank of a match is 1 + the nearer matches + the negatives that are not farther (a tied negative
ranks before it). The negatives are counted as a difference: all pictures that are not farther,
minus junk and the query's own pid among them. The first count is one vectorised pass over the row
for each match; the second reads only the pictures of that pid, listed by `groups.py`, and junk.
"""

import numpy as np

from reid_lightning.compiled import compiled
from reid_lightning.metrics.cpu.groups import Array, Groups

_DISTANCES_PER_BLOCK = 1024  # compared with all matches, the farthest first, while in the cache

# numba's cache notices changes of one file alone: no compiled function here calls another file's.


@compiled
def _sort(values: Array) -> None:
    # In place, for a few values; numba takes seconds to compile np.sort.
    for i in range(1, values.size):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@compiled
def _count_at_most(distances: Array, bound: float) -> int:
    # Int32 has the size of the distances, and nothing branches: this loop is vectorised.
    count = np.int32(0)
    for i in range(distances.size):
        count = np.int32(count + np.int32(distances[i] <= bound))
    return int(count)


@compiled
def rank_rows(
    begin: int, end: int, base: int, distances: Array, groups: Groups, ranks: Array
) -> None:
    """Add to `ranks` how many pictures rank before each match of rows `begin` to `end`.

    Args:
        begin, end: rows of `distances`.
        base: the query of row 0.
        distances: [rows, gallery], float32 or float64, contiguous.
        groups: of all queries.
        ranks: [queries, largest number of matches], int64, filled with 1.
    """
    excluded = np.empty(groups.order.size, distances.dtype)
    for row in range(begin, end):
        query, row_distances = base + row, distances[row]
        nearest = row_distances[groups.matches[groups.start[query] : groups.start[query + 1]]]
        _sort(nearest)
        for first in range(0, row_distances.size, _DISTANCES_PER_BLOCK):
            block = row_distances[first : first + _DISTANCES_PER_BLOCK]
            for i in range(nearest.size - 1, -1, -1):
                nearer = _count_at_most(block, nearest[i])
                if nearer == 0:  # then it is 0 for nearer matches, too
                    break
                ranks[query, i] += nearer
        count = 0
        for index in groups.order[groups.first[query] : groups.last[query]]:
            excluded[count] = row_distances[index]
            count += 1
        for index in groups.junk:
            excluded[count] = row_distances[index]
            count += 1
        for i in range(nearest.size):
            ranks[query, i] += i - _count_at_most(excluded[:count], nearest[i])
