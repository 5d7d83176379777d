"""Embeddings to results: distances and ranks, a chunk of queries at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.distances import RankingDistance, ranking_distance, unit_norm
from reid_lightning.metrics.cpu.refined import refined_ranks
from reid_lightning.metrics.finite import check_finite
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.ranking import (
    AveragePrecision,
    QueryResults,
    join_results,
    rank_queries,
    results_from_ranks,
)
from reid_lightning.parallel import chunks
from reid_lightning.signatures import checked

_MAX_QUERIES_PER_CHUNK = 1024  # more make the product no faster


class RankedChunk(NamedTuple):
    """A ranked chunk of queries: `queries` are its rows among all queries.

    `distances` [rows, gallery] are the numbers ranked, see `ranking_distance`. They are valid until
    the next chunk is requested, which may reuse their memory. The refined ranking (float32 on the
    CPU) computes exactly only those that a rank depends on; the others are those of a float32
    product.
    """

    queries: slice
    distances: Tensor
    results: QueryResults


@checked("metric")
def rank_embeddings(
    query: Tensor,
    gallery: Tensor,
    query_pids: Tensor,
    query_camids: Tensor,
    gallery_pids: Tensor,
    gallery_camids: Tensor,
    *,
    distance: RankingDistance = "cosine",
    ap: AveragePrecision = "step",
) -> QueryResults:
    """Rank all queries by the Market-1501 protocol, see `rank_queries`.

    The distances ranked are those of `ranking_distance`: equal pictures are equally far at any
    index, and the number of threads or processes changes nothing. On the CPU, float32 embeddings
    are multiplied in float32, and near ties are recomputed exactly.

    Args:
        query: [queries, d], finite.
        gallery: [gallery, d], finite, of the same type.
        query_pids, query_camids: [queries].
        gallery_pids, gallery_camids: [gallery].
        distance: `cosine` or `euclidean`.
        ap: `step` or `trapezoid`, see `rank_queries`.

    Raises:
        ReIDError: an embedding is not finite, or `distance` or `ap` is unknown.
    """
    identities = Identities(query_pids, query_camids, gallery_pids, gallery_camids)
    ranked = rank_in_chunks(query, gallery, identities, distance=distance, ap=ap)
    return join_results(chunk.results for chunk in ranked)


@checked("metric")
def rank_in_chunks(
    query: Tensor,
    gallery: Tensor,
    identities: Identities,
    *,
    distance: RankingDistance = "cosine",
    ap: AveragePrecision = "step",
) -> Iterator[RankedChunk]:
    """Rank the queries as `rank_embeddings` does, and give the distances too, chunk by chunk.

    The chunks are in the order of the queries and cover each once; there is at least one.

    Args:
        query: [queries, d], finite.
        gallery: [gallery, d], finite, of the same type.
        identities: of the queries and of the gallery.
        distance: `cosine` or `euclidean`.
        ap: `step` or `trapezoid`, see `rank_queries`.

    Raises:
        ReIDError: an embedding is not finite, or `distance` or `ap` is unknown.
    """
    query, gallery = query.detach(), gallery.detach()
    check_finite(query)
    check_finite(gallery)
    if distance == "cosine":
        query, gallery = unit_norm(query), unit_norm(gallery)
    if query.device.type == "cpu" and query.dtype == gallery.dtype == torch.float32:
        refined = refined_ranks(query, gallery, identities, distance, _MAX_QUERIES_PER_CHUNK)
        for chunk, distances, ranks, matches in refined:
            yield RankedChunk(chunk, distances, results_from_ranks(ranks, matches, ap))
        return
    row_bytes = torch.float64.itemsize * len(gallery)
    for chunk in chunks(len(query), row_bytes, most=_MAX_QUERIES_PER_CHUNK):
        distances = ranking_distance(query[chunk], gallery, distance)
        results = rank_queries(
            distances,
            identities.query_pids[chunk],
            identities.query_camids[chunk],
            identities.gallery_pids,
            identities.gallery_camids,
            ap,
        )
        yield RankedChunk(chunk, distances, results)
