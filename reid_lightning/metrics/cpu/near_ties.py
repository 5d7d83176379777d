"""Which distances may stand on the wrong side of a match's, if they are not quite exact (CPU)."""

import numpy as np
from numba import njit

from reid_lightning.metrics.cpu.groups import Array

_TILE = 128  # distances of a row that are looked through one by one where any is in doubt


@njit(nogil=True, cache=True)
def _nearer(distances: Array, low: float, high: float) -> tuple[int, int]:
    # How many are below `low`, and up to `high`. Int32 like the distances, and nothing that
    # branches: this loop is vectorised.
    below, up_to = np.int32(0), np.int32(0)
    for i in range(distances.size):
        below = np.int32(below + np.int32(distances[i] < low))
        up_to = np.int32(up_to + np.int32(distances[i] <= high))
    return int(below), int(up_to)


@njit(nogil=True, cache=True)
def _spans(nearest: Array, error_bound: float, low: Array, high: Array) -> int:
    # Write what is within `error_bound` of any as spans apart from each other; return how many.
    count = 0
    for distance in nearest:
        if count > 0 and np.float32(distance - error_bound) <= high[count - 1]:
            high[count - 1] = distance + error_bound
        else:
            low[count], high[count] = distance - error_bound, distance + error_bound
            count += 1
    return count


@njit(nogil=True, cache=True)
def find_near_ties(
    begin: int,
    end: int,
    distances: Array,
    nearest: Array,
    start: Array,
    error_bound: Array,
    places: Array,
    counts: Array,
) -> None:
    """Find the distances within `error_bound` of a match's.

    Args:
        distances: [rows, gallery], contiguous.
        nearest: the matches' distances, ascending: row i's are nearest[start[i] : start[i + 1]].
        error_bound: [rows]; where infinite, the whole row is in doubt.
        places: [rows, room + 1], whose first `room` are filled with the places in doubt.
        counts: [rows], filled with their numbers; above `room` where that did not suffice.
    """
    room = places.shape[1] - 1
    low, high = np.empty(distances.shape[1], np.float32), np.empty(distances.shape[1], np.float32)
    for row in range(begin, end):
        spans = _spans(nearest[start[row] : start[row + 1]], error_bound[row], low, high)
        count = 0 if error_bound[row] < np.inf else room + 1
        for first in range(0, distances.shape[1], _TILE):
            if count > room:
                break
            tile = distances[row, first : first + _TILE]
            for span in range(spans - 1, -1, -1):
                below, up_to = _nearer(tile, low[span], high[span])
                if up_to == 0:  # then it is 0 for nearer spans, too
                    break
                if below < up_to:
                    for i in range(tile.size):  # without a branch: a guess would often be wrong
                        places[row, min(count, room)] = first + i
                        count += int((tile[i] >= low[span]) & (tile[i] <= high[span]))
        counts[row] = count
