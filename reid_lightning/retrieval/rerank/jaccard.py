"""The Jaccard distance between rows of sparse matrices, by an inverted index."""

import numpy as np
from numpy.typing import NDArray

from reid_lightning.compiled import compiled
from reid_lightning.parallel import in_blocks
from reid_lightning.retrieval.rerank.sparse import SparseMatrix


def jaccard(
    matrix: SparseMatrix, index: SparseMatrix, start: int, stop: int, others: int
) -> NDArray[np.float32]:
    """Jaccard distances of rows `start` to `stop` of `matrix` to other rows.

    All rows sum to 1, so the sum of the maxima of two rows is 2 minus the sum of their minima.

    Args:
        matrix: holds the rows.
        start, stop: which rows.
        index: the other rows, `transposed`.
        others: the number of other rows.

    Returns:
        [stop - start, others], float32.
    """
    distances = np.empty((stop - start, others), np.float32)
    in_blocks(lambda a, b: _jaccard(matrix, index, start, distances, a, b), stop - start)
    return distances


@compiled
def _jaccard(
    matrix: SparseMatrix,
    index: SparseMatrix,
    row: int,
    distances: NDArray[np.float32],
    start: int,
    stop: int,
) -> None:
    """Write `distances[start:stop]`; `distances[0]` is that of row `row` of `matrix`."""
    minima = np.empty(distances.shape[1], np.float64)
    for i in range(start, stop):
        minima[:] = 0
        for entry in range(matrix.starts[row + i], matrix.starts[row + i + 1]):
            column, value = matrix.columns[entry], matrix.values[entry]
            for other in range(index.starts[column], index.starts[column + 1]):
                minima[index.columns[other]] += min(value, index.values[other])
        for j in range(len(minima)):
            distances[i, j] = 1 - minima[j] / (2 - minima[j])
