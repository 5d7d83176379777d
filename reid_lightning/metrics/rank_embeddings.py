"""Embeddings to results: distances and ranks, a chunk of queries at a time."""

import numpy as np
import torch
from torch import Tensor

from reid_lightning.distances import Distance, ranking_distance, unit_norm
from reid_lightning.metrics.cpu.counting import rank_rows
from reid_lightning.metrics.cpu.exact import exact_matches, recompute_exact
from reid_lightning.metrics.cpu.groups import Identities, grouped
from reid_lightning.metrics.cpu.near_ties import find_near_ties
from reid_lightning.metrics.cpu.product import exact_operands, product
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults, rank_queries, summarise
from reid_lightning.parallel import in_blocks

_BYTES = 2**28  # that a chunk's distances take at most
_QUERIES = 1024  # in a chunk at most: more make the product no faster
_FEW = 8  # a query's distances are all computed exactly where more than 1/8 are in doubt


def rank_embeddings(
    query: Tensor,
    gallery: Tensor,
    query_pids: Tensor,
    query_camids: Tensor,
    gallery_pids: Tensor,
    gallery_camids: Tensor,
    *,
    distance: Distance = "cosine",
    ap: AveragePrecision = "step",
) -> QueryResults:
    """Judge all queries by the Market-1501 protocol, see `rank_queries`.

    The distances ranked are those of `ranking_distance`: equal pictures are equally far wherever
    they stand, and no number of threads or processes changes anything. On the CPU, float32
    embeddings are multiplied in float32, and computed exactly where that leaves a rank in doubt.

    Args:
        query: [queries, d], finite.
        gallery: [gallery, d], finite, of the same type.
        query_pids, query_camids: [queries].
        gallery_pids, gallery_camids: [gallery].
        distance: `cosine` or `euclidean`.
        ap: `step` or `trapezoid`, see `rank_queries`.
    """
    query, gallery = query.detach(), gallery.detach()
    if distance == "cosine":
        query, gallery = unit_norm(query), unit_norm(gallery)
    identities = Identities(query_pids, query_camids, gallery_pids, gallery_camids)
    if query.device.type == "cpu" and query.dtype == gallery.dtype == torch.float32:
        return summarise(*_refined_ranks(query, gallery, identities, distance), ap)
    chunks = [
        rank_queries(
            ranking_distance(query[chunk], gallery, distance),
            query_pids[chunk],
            query_camids[chunk],
            gallery_pids,
            gallery_camids,
            ap,
        )
        for chunk in _chunks(len(query), len(gallery), itemsize=8)
    ]
    return QueryResults(*(torch.cat(parts) for parts in zip(*chunks, strict=True)))


def _chunks(queries: int, gallery: int, itemsize: int) -> list[slice]:
    # At least one, so that no queries have results, too.
    rows = max(1, min(_QUERIES, _BYTES // (itemsize * max(1, gallery))))
    return [slice(start, start + rows) for start in range(0, max(1, queries), rows)]


def _refined_ranks(
    query: Tensor, gallery: Tensor, identities: Identities, distance: Distance
) -> tuple[Tensor, Tensor]:
    query, gallery = query.contiguous(), gallery.contiguous()
    groups = grouped(identities)
    matches = np.diff(groups.start)
    ranks = np.ones((len(matches), matches.max(initial=0)), dtype=np.int64)
    operands, error_bound = exact_operands(query, gallery, distance)
    nearest = np.empty(len(groups.matches), dtype=np.float32)
    in_blocks(exact_matches, len(query), operands, groups.matches, groups.start, nearest)
    nearest = nearest[np.lexsort((nearest, np.arange(len(query)).repeat(matches)))]
    chunks = _chunks(len(query), len(gallery), query.element_size())
    rows = min(chunks[0].stop, len(query))
    buffer = torch.empty(rows, len(gallery))
    places = np.empty((rows, len(gallery) // _FEW + 1), dtype=np.int32)
    counts = np.empty(rows, dtype=np.int64)
    for chunk in chunks:
        part = query[chunk]
        product(part, gallery, operands, out=buffer[: len(part)])
        found = buffer[: len(part)].numpy()
        start = groups.start[chunk.start :]
        in_blocks(
            find_near_ties, len(part), found, nearest, start, error_bound[chunk], places, counts
        )
        in_blocks(recompute_exact, len(part), chunk.start, operands, places, counts, found)
        in_blocks(rank_rows, len(part), chunk.start, found, groups, ranks)
    return torch.from_numpy(ranks), torch.from_numpy(matches)
