"""The distances that may be on the wrong side of a match's distance (CPU).

Ranks depend only on comparisons with the matches' exact distances m. An approximate distance that
is off by at most e compares with m as the exact one does unless it lies within [m - e, m + e].
These near ties are few, so recomputing them alone makes all ranks exact. For each row the
intervals are joined where they overlap, and the row is passed over in small tiles: two vectorised
counts tell whether a tile holds a near tie at all, and only such tiles are read one by one.
"""

import numpy as np

from reid_lightning.compiled import compiled
from reid_lightning.metrics.cpu.groups import Array

_DISTANCES_PER_TILE = 128


@compiled
def _count_below(distances: Array, low: float, high: float) -> tuple[int, int]:
    # How many are below `low`, and up to `high`. Int32 has the size of the distances, and nothing
    # branches: this loop is vectorised.
    below, up_to = np.int32(0), np.int32(0)
    for i in range(distances.size):
        below = np.int32(below + np.int32(distances[i] < low))
        up_to = np.int32(up_to + np.int32(distances[i] <= high))
    return int(below), int(up_to)


@compiled
def _join_intervals(nearest: Array, error_bound: float, low: Array, high: Array) -> int:
    # Write the union of all intervals around `nearest` to `low` and `high`; return how many.
    count = 0
    for distance in nearest:
        if count > 0 and np.float32(distance - error_bound) <= high[count - 1]:
            high[count - 1] = distance + error_bound
        else:
            low[count], high[count] = distance - error_bound, distance + error_bound
            count += 1
    return count


@compiled
def find_near_ties(
    begin: int,
    end: int,
    distances: Array,
    nearest: Array,
    start: Array,
    error_bound: Array,
    indices: Array,
    counts: Array,
) -> None:
    """Find the distances of rows `begin` to `end` that are within `error_bound` of a match's.

    Args:
        begin, end: rows of `distances`.
        distances: [rows, gallery], float32, contiguous.
        nearest: the matches' exact distances: row i's are nearest[start[i] : start[i + 1]],
            ascending.
        start: see `nearest`.
        error_bound: [rows]; where infinite, all distances of the row are near ties.
        indices: [rows, room + 1], whose first `room` are filled with the near ties' indices.
        counts: [rows], filled with their numbers; above `room` if they did not fit.
    """
    room = indices.shape[1] - 1
    low, high = np.empty(distances.shape[1], np.float32), np.empty(distances.shape[1], np.float32)
    for row in range(begin, end):
        intervals = _join_intervals(
            nearest[start[row] : start[row + 1]], error_bound[row], low, high
        )
        count = 0 if error_bound[row] < np.inf else room + 1
        for first in range(0, distances.shape[1], _DISTANCES_PER_TILE):
            if count > room:
                break
            tile = distances[row, first : first + _DISTANCES_PER_TILE]
            for interval in range(intervals - 1, -1, -1):
                below, up_to = _count_below(tile, low[interval], high[interval])
                if up_to == 0:  # then it is 0 for nearer intervals, too
                    break
                if below < up_to:
                    for i in range(tile.size):  # no branch: it would often be mispredicted
                        indices[row, min(count, room)] = first + i
                        count += int((tile[i] >= low[interval]) & (tile[i] <= high[interval]))
        counts[row] = count
