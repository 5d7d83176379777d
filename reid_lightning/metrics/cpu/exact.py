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


class Space(NamedTuple):
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
def _some(query: int, space: Space, places: Array, values: Array) -> None:
    # Four sums run side by side, since each waits for its last term.
    x, y, last = space.queries[query], space.gallery, places.size - 1
    for first in range(0, places.size, 4):
        i, j, k, m = first, min(first + 1, last), min(first + 2, last), min(first + 3, last)
        yi, yj, yk, ym = y[places[i]], y[places[j]], y[places[k]], y[places[m]]
        a = b = c = d = 0.0
        for n in range(x.size):
            a += np.float64(x[n]) * np.float64(yi[n])
            b += np.float64(x[n]) * np.float64(yj[n])
            c += np.float64(x[n]) * np.float64(yk[n])
            d += np.float64(x[n]) * np.float64(ym[n])
        values[i] = space.offsets[places[i]] - space.scale * a
        values[j] = space.offsets[places[j]] - space.scale * b
        values[k] = space.offsets[places[k]] - space.scale * c
        values[m] = space.offsets[places[m]] - space.scale * d


@njit(nogil=True, cache=True)
def _whole(rows: Array, base: int, space: Space, distances: Array) -> None:
    # Pictures side by side are vectorised over, and each sum keeps its order.
    size, d = space.gallery.shape
    columns, sums = np.zeros((d, _LANES)), np.empty(_LANES)
    for first in range(0, size, _LANES):
        width = min(_LANES, size - first)
        for lane in range(width):
            for i in range(d):
                columns[i, lane] = space.gallery[first + lane, i]
        for row in rows:
            sums[:] = 0
            for i in range(d):
                x = np.float64(space.queries[base + row, i])
                for lane in range(_LANES):
                    sums[lane] += x * columns[i, lane]
            for lane in range(width):
                place = first + lane
                distances[row, place] = space.offsets[place] - space.scale * sums[lane]


@njit(nogil=True, cache=True)
def exact_matches(
    begin: int, end: int, space: Space, matches: Array, start: Array, nearest: Array
) -> None:
    """Write distances of queries from their matches, matches[start[i] : start[i + 1]] for i."""
    for query in range(begin, end):
        own = slice(start[query], start[query + 1])
        _some(query, space, matches[own], nearest[own])


@njit(nogil=True, cache=True)
def settle(
    begin: int, end: int, base: int, space: Space, places: Array, counts: Array, distances: Array
) -> None:
    """Write exact distances where `find_doubts` found doubts, or whole rows; row 0 is `base`."""
    values = np.empty(places.shape[1], np.float32)
    whole, wholes = np.empty(end - begin, np.int64), 0
    for row in range(begin, end):
        if counts[row] >= places.shape[1]:
            whole[wholes] = row
            wholes += 1
        else:
            _some(base + row, space, places[row, : counts[row]], values)
            for i in range(counts[row]):
                distances[row, places[row, i]] = values[i]
    if wholes > 0:
        _whole(whole[:wholes], base, space, distances)
