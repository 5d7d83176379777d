"""Exact distances on the CPU: what equal pictures have in common wherever they stand.

The exact distance of x from y is |y|² - 2xy, or -xy for cosine: summed in float64 in the order of
the components, then rounded to float32. It depends on x and y alone, whatever the machine: the
product of two float32 numbers is exact in float64, so that fused multiply-add changes nothing.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from reid_lightning.metrics.cpu.groups import Array

_LANES = 64  # pictures whose sums run side by side, where whole rows are computed


class ExactOperands(NamedTuple):
    """Query i is exactly `offsets[j] - scale * queries[i] @ gallery[j]` from picture j."""

    queries: Array  # [queries, d], float32
    gallery: Array  # [gallery, d], float32
    offsets: Array  # [gallery], float64
    scale: float


@njit(nogil=True, cache=True)
def squared_norms(begin: int, end: int, rows: Array, squares: Array) -> None:
    """Write |x|² of the rows x of `rows` [n, d] to `squares` [n], float64."""
    for row in range(begin, end):
        total = 0.0
        for x in rows[row]:
            total += np.float64(x) * np.float64(x)
        squares[row] = total


@njit(nogil=True, cache=True)
def exact_at(query: int, operands: ExactOperands, places: Array, values: Array) -> None:
    """Write exact distances of a query from the pictures at `places` to `values`."""
    # Four sums run side by side, since each waits for its last term.
    x, y, last = operands.queries[query], operands.gallery, places.size - 1
    for first in range(0, places.size, 4):
        i, j, k, m = first, min(first + 1, last), min(first + 2, last), min(first + 3, last)
        yi, yj, yk, ym = y[places[i]], y[places[j]], y[places[k]], y[places[m]]
        a = b = c = d = 0.0
        for n in range(x.size):
            a += np.float64(x[n]) * np.float64(yi[n])
            b += np.float64(x[n]) * np.float64(yj[n])
            c += np.float64(x[n]) * np.float64(yk[n])
            d += np.float64(x[n]) * np.float64(ym[n])
        values[i] = operands.offsets[places[i]] - operands.scale * a
        values[j] = operands.offsets[places[j]] - operands.scale * b
        values[k] = operands.offsets[places[k]] - operands.scale * c
        values[m] = operands.offsets[places[m]] - operands.scale * d


@njit(nogil=True, cache=True)
def exact_rows(rows: Array, base: int, operands: ExactOperands, distances: Array) -> None:
    """Write exact distances of the queries `base` + `rows` from the whole gallery."""
    # Pictures side by side are vectorised over, and each sum keeps its order.
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
                place = first + lane
                distances[row, place] = operands.offsets[place] - operands.scale * sums[lane]


@njit(nogil=True, cache=True)
def exact_matches(
    begin: int, end: int, operands: ExactOperands, matches: Array, start: Array, nearest: Array
) -> None:
    """Write distances of queries from their matches, matches[start[i] : start[i + 1]] for i."""
    for query in range(begin, end):
        own = slice(start[query], start[query + 1])
        exact_at(query, operands, matches[own], nearest[own])


@njit(nogil=True, cache=True)
def recompute_exact(
    begin: int,
    end: int,
    base: int,
    operands: ExactOperands,
    places: Array,
    counts: Array,
    distances: Array,
) -> None:
    """Write exact distances where `find_near_ties` found doubts, or whole rows; row 0 is `base`."""
    values = np.empty(places.shape[1], np.float32)
    whole, wholes = np.empty(end - begin, np.int64), 0
    for row in range(begin, end):
        if counts[row] >= places.shape[1]:
            whole[wholes] = row
            wholes += 1
        else:
            exact_at(base + row, operands, places[row, : counts[row]], values)
            for i in range(counts[row]):
                distances[row, places[row, i]] = values[i]
    if wholes > 0:
        exact_rows(whole[:wholes], base, operands, distances)
