"""Rank-k, AP and INP of queries, exactly and without sorting the gallery: pure functions."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_lightning.metrics.cpu.counting import rank_rows
from reid_lightning.metrics.cpu.groups import grouped
from reid_lightning.metrics.finite import check_no_nan
from reid_lightning.metrics.identities import Identities
from reid_lightning.parallel import in_blocks

AveragePrecision = Literal["step", "trapezoid"]


class QueryResults(NamedTuple):
    """One entry for each query, all [queries]; a query without matches is invalid and 0 in all.

    `matches` is the number of cross-camera matches, `first_match` the rank (from 1) of the nearest,
    `ap` and `inp` are fractions, float64.
    """

    matches: Tensor
    first_match: Tensor
    ap: Tensor
    inp: Tensor


def join_results(parts: Iterable[QueryResults]) -> QueryResults:
    """The results of several chunks of queries (at least one) as those of all of them, in order."""
    return QueryResults(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def count_matches(identities: Identities) -> Tensor:
    """The number of cross-camera matches of each query [queries], int64, on the CPU.

    It needs no distances: 0 marks the queries that ranking leaves out.
    """
    on_cpu = Identities(*(column.cpu() for column in identities))
    return torch.from_numpy(np.diff(grouped(on_cpu).start))


def rank_queries(
    distances: Tensor,
    query_pids: Tensor,
    query_camids: Tensor,
    gallery_pids: Tensor,
    gallery_camids: Tensor,
    ap: AveragePrecision = "step",
) -> QueryResults:
    """Rank one chunk of queries by the Market-1501 protocol (Zheng et al. 2015).

    Gallery pictures with pid -1, or with the query's own pid and camid, are left out; distractors
    stay. A negative at the same distance as a positive ranks before it.

    Args:
        distances: [queries, gallery]; infinity is farther than all numbers, and a tie of its own.
        query_pids, query_camids: [queries].
        gallery_pids, gallery_camids: [gallery].
        ap: `step` (non-interpolated, torchreid's and fast-reid's) or `trapezoid` (the original
            Market-1501 code's).

    Raises:
        ReIDError: a distance is NaN.
    """
    check_no_nan(distances)
    identities = Identities(query_pids, query_camids, gallery_pids, gallery_camids)
    compiled = distances.device.type == "cpu" and distances.dtype in (torch.float32, torch.float64)
    ranks, matches = (ranks_numba if compiled else ranks_torch)(distances, identities)
    return results_from_ranks(ranks, matches, ap)


def ranks_numba(distances: Tensor, identities: Identities) -> tuple[Tensor, Tensor]:
    """Arguments of `results_from_ranks`, for float32 and float64 distances on the CPU."""
    groups = grouped(identities)
    matches = np.diff(groups.start)
    ranks = np.ones((len(matches), matches.max(initial=0)), dtype=np.int64)
    rows = distances.detach().contiguous().numpy()
    in_blocks(rank_rows, len(rows), 0, rows, groups, ranks)
    return torch.from_numpy(ranks), torch.from_numpy(matches)


def ranks_torch(distances: Tensor, identities: Identities) -> tuple[Tensor, Tensor]:
    """As `ranks_numba`, for any type and device.

    It holds several matrices as large as `distances`.
    """
    query_pids, query_camids, gallery_pids, gallery_camids = identities
    same = query_pids[:, None] == gallery_pids
    positive = same & (query_camids[:, None] != gallery_camids) & (gallery_pids != -1)
    negative = ~same & (gallery_pids != -1)
    matches = positive.sum(1)
    most_matches = int(matches.max()) if len(matches) else 0
    match_distances = (
        distances.masked_fill(~positive, torch.inf)
        .topk(most_matches, largest=False, sorted=True)
        .values
    )
    # A negative is in bucket j if j matches are strictly nearer than it.
    bucket = torch.searchsorted(match_distances, distances.contiguous())
    shape = (len(matches), most_matches + 1)
    bucket_sizes = torch.zeros(shape, dtype=torch.long, device=distances.device)
    bucket_sizes.scatter_add_(1, bucket, negative.long())
    order = torch.arange(1, most_matches + 1, device=distances.device)
    return order + bucket_sizes[:, :most_matches].cumsum(1), matches


def results_from_ranks(
    ranks: Tensor, matches: Tensor, ap: AveragePrecision = "step"
) -> QueryResults:
    """Results from the ranks of each query's matches.

    Args:
        ranks: [queries, most matches], ascending from 1; only the first `matches` of a row count.
        matches: [queries], each query's number of cross-camera matches.
        ap: see `rank_queries`.
    """
    order = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    counts = order <= matches[:, None]
    precision = order / ranks.double()
    if ap == "trapezoid":
        # Precision one rank above the match; at the top of the list it is 1.
        above = torch.where(ranks == 1, 1.0, (order - 1) / (ranks.double() - 1).clamp(min=1))
        precision = (precision + above) / 2
    if ranks.shape[1] == 0:
        zeros = torch.zeros(len(matches), dtype=torch.float64, device=ranks.device)
        return QueryResults(matches, matches, zeros, zeros)
    at_least_one = matches.clamp(min=1)
    last = ranks.gather(1, at_least_one[:, None] - 1).squeeze(1)
    valid = matches > 0
    return QueryResults(
        matches=matches,
        first_match=ranks[:, 0] * valid,
        ap=precision.masked_fill(~counts, 0).sum(1) / at_least_one,
        inp=matches / last.double() * valid,
    )
