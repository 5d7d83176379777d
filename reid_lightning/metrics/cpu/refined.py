"""The refined ranking: exact ranks for little more than the price of a float32 matrix product.

1. The distances of each query's own matches are computed exactly (`exact.py`).
2. All distances of a chunk of queries are computed by one float32 matrix product, which is off by
   at most a proven bound (`product.py`).
3. A distance that differs by more than that bound from every match's is certainly on its right
   side. The others, the near ties, are recomputed exactly (`near_ties.py`, `exact.py`).
4. Each match's rank is found by counting the distances that are not larger (`counting.py`).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_lightning.distances import Distance
from reid_lightning.metrics.cpu.counting import rank_rows
from reid_lightning.metrics.cpu.exact import exact_matches, recompute_exact
from reid_lightning.metrics.cpu.groups import grouped
from reid_lightning.metrics.cpu.near_ties import find_near_ties
from reid_lightning.metrics.cpu.product import approximate_distances, exact_operands
from reid_lightning.metrics.identities import Identities
from reid_lightning.parallel import chunks, in_blocks

_NEAR_TIE_DIVISOR = 8  # a row with more near ties than gallery / 8 is recomputed whole


class RefinedChunk(NamedTuple):
    """A chunk of queries: `queries` are its rows among all queries.

    `distances` [rows, gallery] is a buffer that the next chunk overwrites. `ranks` [rows, largest
    number of matches of all queries] and `matches` [rows] are those of `results_from_ranks`.
    """

    queries: slice
    distances: Tensor
    ranks: Tensor
    matches: Tensor


def refined_ranks(
    query: Tensor,
    gallery: Tensor,
    identities: Identities,
    distance: Distance,
    max_queries: int,
) -> Iterator[RefinedChunk]:
    """The ranks of all queries' matches, chunk by chunk.

    Args:
        query: [queries, d], float32 on the CPU, of unit norm for `cosine`.
        gallery: [gallery, d], likewise.
        identities: of the queries and of the gallery.
        distance: `cosine` or `euclidean`.
        max_queries: of a chunk.
    """
    query, gallery = query.contiguous(), gallery.contiguous()
    groups = grouped(identities)
    matches = np.diff(groups.start)
    ranks = np.ones((len(matches), matches.max(initial=0)), dtype=np.int64)
    operands, error_bound = exact_operands(query, gallery, distance)
    nearest = np.empty(len(groups.matches), dtype=np.float32)
    in_blocks(exact_matches, len(query), operands, groups.matches, groups.start, nearest)
    nearest = nearest[np.lexsort((nearest, np.arange(len(query)).repeat(matches)))]
    row_bytes = query.element_size() * len(gallery)
    slices = list(chunks(len(query), row_bytes, most=max_queries))
    most_rows = slices[0].stop
    buffer = torch.empty(most_rows, len(gallery))
    indices = np.empty((most_rows, len(gallery) // _NEAR_TIE_DIVISOR + 1), dtype=np.int32)
    counts = np.empty(most_rows, dtype=np.int64)
    for chunk in slices:
        rows, base, start = chunk.stop - chunk.start, chunk.start, groups.start[chunk.start :]
        approximate_distances(query[chunk], gallery, operands, out=buffer[:rows])
        distances = buffer[:rows].numpy()
        in_blocks(
            find_near_ties, rows, distances, nearest, start, error_bound[chunk], indices, counts
        )
        in_blocks(recompute_exact, rows, base, operands, indices, counts, distances)
        in_blocks(rank_rows, rows, base, distances, groups, ranks)
        chunk_ranks, chunk_matches = (
            torch.from_numpy(ranks[chunk]),
            torch.from_numpy(matches[chunk]),
        )
        yield RefinedChunk(chunk, buffer[:rows], chunk_ranks, chunk_matches)
