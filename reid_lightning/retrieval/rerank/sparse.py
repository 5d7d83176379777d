"""Matrices that hold only what is not 0: means of rows, and the Jaccard distance of rows."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reid_lightning.parallel import in_blocks


class Sparse(NamedTuple):
    """A sparse matrix by rows.

    Row i has `values[starts[i]:starts[i + 1]]` in the `columns` of the same places, each column
    once, in any order.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float64]


def row_starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each row starts, and the last one stops, from the rows' numbers of entries."""
    return np.concatenate([np.zeros(1, np.int64), counts.cumsum()])


def mean_rows(matrix: Sparse, order: NDArray[np.int32]) -> Sparse:
    """Row i is the mean of the rows `order[i]` of a square `matrix`; `order` is [rows, k]."""
    parts = in_blocks(lambda start, stop: _mean_rows(matrix, order, start, stop), len(order))
    counts, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Sparse(row_starts(counts), columns, values)


@njit(nogil=True, cache=True)
def _mean_rows(
    matrix: Sparse, order: NDArray[np.int32], start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Counts, columns and values of rows `start` to `stop`."""
    room = 0
    for i in range(start, stop):
        for row in order[i]:
            room += matrix.starts[row + 1] - matrix.starts[row]
    counts = np.empty(stop - start, np.int64)
    columns, values = np.empty(room, np.int32), np.empty(room, np.float64)
    place = np.full(len(order), -1, np.int64)  # of a column's entry; before `first`: in no row yet
    first = last = 0
    for i in range(start, stop):
        for row in order[i]:
            for entry in range(matrix.starts[row], matrix.starts[row + 1]):
                column = matrix.columns[entry]
                if place[column] < first:
                    place[column] = last
                    columns[last], values[last] = column, 0
                    last += 1
                values[place[column]] += matrix.values[entry] / order.shape[1]
        counts[i - start] = last - first
        first = last
    return counts, columns[:last].copy(), values[:last].copy()


@njit(nogil=True, cache=True)
def transposed(matrix: Sparse, start: int) -> Sparse:
    """The rows of a square `matrix` from `start` on, by columns: their inverted index."""
    total = len(matrix.starts) - 1
    starts = np.zeros(total + 1, np.int64)
    for entry in range(matrix.starts[start], matrix.starts[total]):
        starts[matrix.columns[entry] + 1] += 1
    starts = np.cumsum(starts)
    columns, values = np.empty(starts[total], np.int32), np.empty(starts[total], np.float64)
    place = starts.copy()
    for row in range(start, total):
        for entry in range(matrix.starts[row], matrix.starts[row + 1]):
            column = matrix.columns[entry]
            columns[place[column]] = row - start
            values[place[column]] = matrix.values[entry]
            place[column] += 1
    return Sparse(starts, columns, values)


def jaccard(
    matrix: Sparse, index: Sparse, start: int, stop: int, others: int
) -> NDArray[np.float32]:
    """Jaccard distances of rows `start` to `stop` of `matrix` to other rows that sum to 1 as well.

    Args:
        matrix: its rows sum to 1, so that a sum of maxima is 2 less the sum of minima.
        index: the other rows, `transposed`.
        others: how many there are.

    Returns:
        [stop - start, others].
    """
    distances = np.empty((stop - start, others), np.float32)
    in_blocks(lambda a, b: _jaccard(matrix, index, start, distances, a, b), stop - start)
    return distances


@njit(nogil=True, cache=True)
def _jaccard(
    matrix: Sparse, index: Sparse, row: int, distances: NDArray[np.float32], start: int, stop: int
) -> None:
    """Write `distances[start:stop]`; the first of `distances` is that of `row`."""
    minima = np.empty(distances.shape[1], np.float64)
    for i in range(start, stop):
        minima[:] = 0
        for own in range(matrix.starts[row + i], matrix.starts[row + i + 1]):
            column, value = matrix.columns[own], matrix.values[own]
            for entry in range(index.starts[column], index.starts[column + 1]):
                minima[index.columns[entry]] += min(value, index.values[entry])
        for j in range(len(minima)):
            distances[i, j] = 1 - minima[j] / (2 - minima[j])
