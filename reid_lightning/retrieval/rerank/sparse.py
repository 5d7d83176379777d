"""Sparse matrices: means of rows, and transposition."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_lightning.compiled import compiled
from reid_lightning.parallel import in_blocks


class SparseMatrix(NamedTuple):
    """A sparse matrix by rows (CSR).

    Row i has `values[starts[i]:starts[i + 1]]` in the columns `columns[starts[i]:starts[i + 1]]`,
    each column once, in any order.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float64]


def row_starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """`starts` [rows + 1] of a sparse matrix, from each row's number of entries [rows]."""
    return np.concatenate([np.zeros(1, np.int64), counts.cumsum()])


def mean_rows(matrix: SparseMatrix, order: NDArray[np.int32]) -> SparseMatrix:
    """A matrix whose row i is the mean of the rows `order[i]` of a square matrix.

    Args:
        matrix: [n, n].
        order: int32 [n, k].
    """
    parts = in_blocks(lambda start, stop: _mean_rows(matrix, order, start, stop), len(order))
    counts, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return SparseMatrix(row_starts(counts), columns, values)


@compiled
def _mean_rows(
    matrix: SparseMatrix, order: NDArray[np.int32], start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Counts, columns and values of rows `start` to `stop`."""
    capacity = 0
    for i in range(start, stop):
        for row in order[i]:
            capacity += matrix.starts[row + 1] - matrix.starts[row]
    counts = np.empty(stop - start, np.int64)
    columns, values = np.empty(capacity, np.int32), np.empty(capacity, np.float64)
    position = np.full(len(order), -1, np.int64)  # of a column; below `first`: not in this row
    first = last = 0
    for i in range(start, stop):
        for row in order[i]:
            for entry in range(matrix.starts[row], matrix.starts[row + 1]):
                column = matrix.columns[entry]
                if position[column] < first:
                    position[column] = last
                    columns[last], values[last] = column, 0
                    last += 1
                values[position[column]] += matrix.values[entry] / order.shape[1]
        counts[i - start] = last - first
        first = last
    return counts, columns[:last].copy(), values[:last].copy()


@compiled
def transposed(matrix: SparseMatrix, start: int) -> SparseMatrix:
    """The rows of a square matrix from `start` on, transposed: their inverted index."""
    total = len(matrix.starts) - 1
    starts = np.zeros(total + 1, np.int64)
    for entry in range(matrix.starts[start], matrix.starts[total]):
        starts[matrix.columns[entry] + 1] += 1
    starts = np.cumsum(starts)
    columns, values = np.empty(starts[total], np.int32), np.empty(starts[total], np.float64)
    position = starts.copy()
    for row in range(start, total):
        for entry in range(matrix.starts[row], matrix.starts[row + 1]):
            column = matrix.columns[entry]
            columns[position[column]] = row - start
            values[position[column]] = matrix.values[entry]
            position[column] += 1
    return SparseMatrix(starts, columns, values)
