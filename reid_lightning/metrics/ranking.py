"""Rank-k, AP and INP of queries, exactly and without sorting the gallery: pure functions."""

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_lightning.metrics.cpu.counting import rank_rows
from reid_lightning.metrics.cpu.groups import Identities, grouped
from reid_lightning.parallel import in_blocks

AveragePrecision = Literal["step", "trapezoid"]


class QueryResults(NamedTuple):
    """One entry a query, [queries]; where `matches` is 0 the query is invalid, the rest is 0.

    `first_match` is the rank (from 1) of the nearest match, `ap` and `inp` are fractions.
    """

    matches: Tensor
    first_match: Tensor
    ap: Tensor
    inp: Tensor


def rank_queries(
    distances: Tensor,
    query_pids: Tensor,
    query_camids: Tensor,
    gallery_pids: Tensor,
    gallery_camids: Tensor,
    ap: AveragePrecision = "step",
) -> QueryResults:
    """Judge one chunk of queries by the Market-1501 protocol (Zheng et al. 2015).

    Gallery pictures with pid -1, or with the query's own pid and camid, are left out; distractors
    stay. A negative at the same distance as a positive ranks before it.

    Args:
        distances: [queries, gallery], finite.
        query_pids, query_camids: [queries].
        gallery_pids, gallery_camids: [gallery].
        ap: `step` (non-interpolated, torchreid's and fast-reid's) or `trapezoid` (the original
            Market-1501 code's).
    """
    identities = Identities(query_pids, query_camids, gallery_pids, gallery_camids)
    counted = distances.device.type == "cpu" and distances.dtype in (torch.float32, torch.float64)
    ranks, matches = (ranks_numba if counted else ranks_torch)(distances, identities)
    return summarise(ranks, matches, ap)


def ranks_numba(distances: Tensor, identities: Identities) -> tuple[Tensor, Tensor]:
    """The ranks and matches that `summarise` takes, for float32 and float64 on the CPU."""
    groups = grouped(identities)
    matches = np.diff(groups.start)
    ranks = np.ones((len(matches), matches.max(initial=0)), dtype=np.int64)
    rows = distances.detach().contiguous().numpy()
    in_blocks(rank_rows, len(rows), 0, rows, groups, ranks)
    return torch.from_numpy(ranks), torch.from_numpy(matches)


def ranks_torch(distances: Tensor, identities: Identities) -> tuple[Tensor, Tensor]:
    """What `ranks_numba` gives, on any device; it holds several matrices of the distances' size."""
    query_pids, query_camids, gallery_pids, gallery_camids = identities
    same = query_pids[:, None] == gallery_pids
    positive = same & (query_camids[:, None] != gallery_camids) & (gallery_pids != -1)
    negative = ~same & (gallery_pids != -1)
    matches = positive.sum(1)
    most = int(matches.max()) if len(matches) else 0
    match_distances = (
        distances.masked_fill(~positive, torch.inf).topk(most, largest=False, sorted=True).values
    )
    # A negative falls in bucket j where j matches are strictly nearer than it.
    bucket = torch.searchsorted(match_distances, distances.contiguous())
    fallen = torch.zeros(len(matches), most + 1, dtype=torch.long, device=distances.device)
    fallen.scatter_add_(1, bucket, negative.long())
    order = torch.arange(1, most + 1, device=distances.device)
    return order + fallen[:, :most].cumsum(1), matches


def summarise(ranks: Tensor, matches: Tensor, ap: AveragePrecision = "step") -> QueryResults:
    """Results from the ranks of each query's matches.

    Args:
        ranks: [queries, most], ascending from 1; only the first `matches` of each row count.
        matches: [queries], how many cross-camera matches each query has.
        ap: see `rank_queries`.
    """
    order = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    counts = order <= matches[:, None]
    precision = order / ranks.double()
    if ap == "trapezoid":
        # Precision one place above the match; at the top of the list it is taken as 1.
        above = torch.where(ranks == 1, 1.0, (order - 1) / (ranks.double() - 1).clamp(min=1))
        precision = (precision + above) / 2
    some = matches.clamp(min=1)
    if ranks.shape[1] == 0:
        nothing = torch.zeros(len(matches), dtype=torch.float64, device=ranks.device)
        return QueryResults(matches, matches, nothing, nothing)
    last = ranks.gather(1, some[:, None] - 1).squeeze(1)
    valid = matches > 0
    return QueryResults(
        matches=matches,
        first_match=ranks[:, 0] * valid,
        ap=precision.masked_fill(~counts, 0).sum(1) / some,
        inp=matches / last.double() * valid,
    )


def scores(results: QueryResults) -> dict[str, Tensor]:
    """Means over the valid queries: mAP, rank1, rank5, rank10, mINP, as fractions (float64)."""
    valid = results.matches > 0
    count = valid.sum().clamp(min=1)
    cmc = {
        f"rank{k}": ((results.first_match <= k) & valid).sum().double() / count for k in (1, 5, 10)
    }
    return {"mAP": results.ap.sum() / count} | cmc | {"mINP": results.inp.sum() / count}
