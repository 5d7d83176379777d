"""An open set from a closed one: every second person is taken out of the gallery."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.distances import RankingDistance, ranking_distance
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.open_set import (
    DetCurve,
    Searches,
    det_curve,
    fnir_at_fpir,
    pairs_needed,
    tar_at_far,
)
from reid_lightning.metrics.ranking import count_matches, rank_queries
from reid_lightning.parallel import chunks
from reid_lightning.retrieval import EmbeddedSet, Retrieval

RANKS = (1, 20)
_RATES = {"1": 0.01, "10": 0.1}  # of false positives, by their names in per cent
_PAIR_RATES = {"0.1": 0.001, "1": 0.01}


class OpenSet(NamedTuple):
    """What an open-set evaluation yields.

    Args:
        scores: fractions: `FNIR_rank1_FPIR1` (false-positive identifications of 1%), … `TAR_FAR1`.
        counts: `mated` and `non_mated` queries, those `left_out` that have no match from another
            camera, and the size of the `gallery`.
        curves: by rank.
    """

    scores: dict[str, float]
    counts: dict[str, int]
    curves: dict[int, DetCurve]


def check_open_set(retrieval: Retrieval) -> None:
    """Raise a `ReIDError` if distances of different queries cannot be compared."""
    if retrieval.rerank is not None:
        raise ReIDError(
            "openset=true compares distances of different queries, and those of rerank are "
            "relative to each query's neighbours: leave rerank out of retrieval=[…]."
        )


def score_open_set(
    query: EmbeddedSet, gallery: EmbeddedSet, retrieval: Retrieval, distance: RankingDistance
) -> OpenSet:
    """Search a gallery without every second person of the queries, by ascending pid.

    The queries of those taken out are the non-mated searches. Steps of `retrieval` see the gallery
    without them. Pairs are all of query and whole gallery, from two cameras.

    Args:
        query, gallery: as they were embedded; junk is left out.
        retrieval: without `rerank`.
        distance: `cosine` or `euclidean`.

    Raises:
        ReIDError: distances are not comparable, or there are no searches of a kind.
    """
    check_open_set(retrieval)
    query, gallery = query.take(query.pids != -1), gallery.take(gallery.pids != -1)
    absent = torch.unique(query.pids)[1::2]  # sorted
    kept = gallery.take(~torch.isin(gallery.pids, absent))
    searches, left_out = _search(query, kept, absent, retrieval, distance)
    scores = {
        f"FNIR_rank{rank}_FPIR{name}": fnir_at_fpir(searches, rate, rank)
        for rank in RANKS
        for name, rate in _RATES.items()
    }
    same, others, count = _pairs(query, gallery, retrieval, distance)
    scores |= {
        f"TAR_FAR{name}": tar_at_far(same, others, count, rate)
        for name, rate in _PAIR_RATES.items()
    }
    mated, non_mated = len(searches.first_match), len(searches.nearest)
    counts = {
        "mated": mated,
        "non_mated": non_mated,
        "left_out": left_out,
        "gallery": len(kept.pids),
    }
    return OpenSet(scores, counts, {rank: det_curve(searches, rank) for rank in RANKS})


def _search(
    query: EmbeddedSet,
    gallery: EmbeddedSet,
    absent: Tensor,
    retrieval: Retrieval,
    distance: RankingDistance,
) -> tuple[Searches, int]:
    """What the searches found, and the number of queries without a match from another camera."""
    matches = count_matches(Identities(query.pids, query.camids, gallery.pids, gallery.camids))
    mated, is_absent = matches.to(absent.device) > 0, torch.isin(query.pids, absent)
    if not mated.any() or not is_absent.any():
        raise ReIDError(
            "openset=true needs queries of people in the gallery and of others: every second "
            f"person of the queries is taken out, which leaves {int(mated.sum())} with a match "
            f"and {int(is_absent.sum())} without."
        )
    first, match_distance, nearest = [], [], []
    for rows, distances in _distances(query, gallery, retrieval, distance):
        pids, camids = query.pids[rows], query.camids[rows]
        results = rank_queries(distances, pids, camids, gallery.pids, gallery.camids)
        same = pids[:, None] == gallery.pids
        match = same & (camids[:, None] != gallery.camids)
        first.append(results.first_match[mated[rows]])
        match_distance.append(distances.masked_fill(~match, torch.inf).amin(1)[mated[rows]])
        nearest.append(distances[is_absent[rows]].amin(1))
    searches = Searches(torch.cat(first), torch.cat(match_distance), torch.cat(nearest))
    return searches, int((~mated & ~is_absent).sum())


def _pairs(
    query: EmbeddedSet, gallery: EmbeddedSet, retrieval: Retrieval, distance: RankingDistance
) -> tuple[Tensor, Tensor, int]:
    """Distances of pairs of one person, and the nearest of two, of how many; by two cameras."""

    def kinds(rows: slice) -> tuple[Tensor, Tensor]:
        same = query.pids[rows, None] == gallery.pids
        counted = query.camids[rows, None] != gallery.camids
        return same & counted, ~same & counted

    every = chunks(len(query.pids), len(gallery.pids))
    count = sum(int(kinds(rows)[1].sum()) for rows in every)
    if not count:
        raise ReIDError("openset=true needs pairs of two people by two cameras: there are none.")
    needed = pairs_needed(count, max(_PAIR_RATES.values()))
    positive, nearest = list[Tensor](), list[Tensor]()
    for rows, distances in _distances(query, gallery, retrieval, distance):
        same, other = kinds(rows)
        positive.append(distances[same])
        values = torch.cat([*nearest, distances[other]])
        nearest = [values.topk(min(needed, len(values)), largest=False).values]
    return torch.cat(positive), torch.cat(nearest), count


def _distances(
    query: EmbeddedSet, gallery: EmbeddedSet, retrieval: Retrieval, distance: RankingDistance
) -> Iterator[tuple[slice, Tensor]]:
    """Chunks of queries, and their distances to the gallery, comparable between queries."""
    x, y = retrieval.embeddings(query, gallery, normalize=distance == "cosine")
    if not retrieval.uses_raw_distances:
        start = 0
        moved = query._replace(embeddings=x), gallery._replace(embeddings=y)
        for distances in retrieval.distances(*moved):
            yield slice(start, start := start + len(distances)), distances
        return
    for rows in chunks(len(x), 3 * torch.float64.itemsize * len(y)):
        own = x[rows].double()
        distances = ranking_distance(own, y, distance)
        if distance == "euclidean":  # ranking leaves out what a query's distances share
            distances += own.square().sum(1, keepdim=True)
        yield rows, distances
