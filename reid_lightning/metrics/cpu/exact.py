"""Exact distances on the CPU: equal pictures are equally far at any index.

The exact distance of x from y is |y|² - 2xy, or -xy for cosine: summed in float64 in the order of
the components, then rounded to float32. The product of two float32 numbers is exact in float64, so
fused multiply-add changes nothing, and the result depends on x and y alone, on every machine. A
matrix product cannot promise that: its kernels sum in another order at the edges of the matrix.
Sums wait for their last term, so several pictures' sums run side by side, each in its own order.
"""

from typing import NamedTuple

import numpy as np

from reid_lightning.compiled import compiled
from reid_lightning.metrics.cpu.groups import Array

_LANES = 64  # pictures whose sums run side by side where whole rows are computed


class ExactOperands(NamedTuple):
    """The exact distance of query i from picture j is offsets[j] - scale * queries[i] @ gallery[j].

    `queries` [queries, d] and `gallery` [gallery, d] are float32, `offsets` [gallery] is float64.
    """

    queries: Array
    gallery: Array
    offsets: Array
    scale: float


@compiled
def squared_norms(begin: int, end: int, rows: Array, squares: Array) -> None:
    """Write |x|² of the rows x of `rows` [n, d] to `squares` [n], float64."""
    for row in range(begin, end):
        total = 0.0
        for x in rows[row]:
            total += np.float64(x) * np.float64(x)
        squares[row] = total


@compiled
def exact_at(query: int, operands: ExactOperands, indices: Array, values: Array) -> None:
    """Write the exact distances of one query from the pictures at `indices` to `values`."""
    x, y, last = operands.queries[query], operands.gallery, indices.size - 1
    for first in range(0, indices.size, 4):  # four sums side by side
        i, j, k, m = first, min(first + 1, last), min(first + 2, last), min(first + 3, last)
        yi, yj, yk, ym = y[indices[i]], y[indices[j]], y[indices[k]], y[indices[m]]
        a = b = c = d = 0.0
        for n in range(x.size):
            a += np.float64(x[n]) * np.float64(yi[n])
            b += np.float64(x[n]) * np.float64(yj[n])
            c += np.float64(x[n]) * np.float64(yk[n])
            d += np.float64(x[n]) * np.float64(ym[n])
        values[i] = operands.offsets[indices[i]] - operands.scale * a
        values[j] = operands.offsets[indices[j]] - operands.scale * b
        values[k] = operands.offsets[indices[k]] - operands.scale * c
        values[m] = operands.offsets[indices[m]] - operands.scale * d


@compiled
def exact_rows(rows: Array, base: int, operands: ExactOperands, distances: Array) -> None:
    """Write the exact distances of the queries `base` + `rows` from the whole gallery."""
    # The transposed block lets the inner loop run over pictures: it is vectorised.
    size, d = operands.gallery.shape
    columns, sums = np.zeros((d, _LANES)), np.empty(_LANES)
    for first in range(0, size, _LANES):
        width = min(_LANES, size - first)
        for lane in range(width):
            for i in range(d):
                columns[i, lane] = operands.gallery[first + lane, i]
        for row in rows:
            sums[:] = 0
            for i in range(d):
                x = np.float64(operands.queries[base + row, i])
                for lane in range(_LANES):
                    sums[lane] += x * columns[i, lane]
            for lane in range(width):
                index = first + lane
                distances[row, index] = operands.offsets[index] - operands.scale * sums[lane]


@compiled
def exact_matches(
    begin: int, end: int, operands: ExactOperands, matches: Array, start: Array, distances: Array
) -> None:
    """Write the exact distances of queries `begin` to `end` from their matches.

    Args:
        begin, end: queries.
        operands: of all queries and the gallery.
        matches, start: see `Groups`.
        distances: [all matches], float32, in the order of `matches`.
    """
    for query in range(begin, end):
        span = slice(start[query], start[query + 1])
        exact_at(query, operands, matches[span], distances[span])


@compiled
def recompute_exact(
    begin: int,
    end: int,
    base: int,
    operands: ExactOperands,
    indices: Array,
    counts: Array,
    distances: Array,
) -> None:
    """Replace the near ties of rows `begin` to `end` by exact distances.

    Args:
        begin, end: rows of `distances`.
        base: the query of row 0.
        operands: of all queries and the gallery.
        indices, counts: what `find_near_ties` wrote; a row whose near ties did not fit is replaced
            whole.
        distances: [rows, gallery], float32.
    """
    values = np.empty(indices.shape[1], np.float32)
    full_rows, full_count = np.empty(end - begin, np.int64), 0
    for row in range(begin, end):
        if counts[row] >= indices.shape[1]:
            full_rows[full_count] = row
            full_count += 1
        else:
            exact_at(base + row, operands, indices[row, : counts[row]], values)
            for i in range(counts[row]):
                distances[row, indices[row, i]] = values[i]
    if full_count > 0:
        exact_rows(full_rows[:full_count], base, operands, distances)
