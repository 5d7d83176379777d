"""What the ranking retrieved for a few queries: the gallery pictures nearest to each."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults
from reid_lightning.results.ranked_list import RankedList, Shown, Verdict


class Retrieved(NamedTuple):
    """A picture's place in the gallery, and how it counts for the query."""

    place: int
    verdict: Verdict


def worst_and_best(
    results: QueryResults, pids: Sequence[int], count: int
) -> tuple[list[int], list[int]]:
    """The `count` queries with the lowest AP, and with the highest: each of another person.

    Among the highest, of equal APs the one with more matches comes first. Invalid queries are left
    out.

    Args:
        results: of every query.
        pids: of every query.
    """
    valid = results.matches.nonzero().flatten().tolist()
    keys = list(zip(results.ap.tolist(), results.matches.tolist(), strict=True))
    ascending = sorted(valid, key=keys.__getitem__)

    def first_of_each(order: Sequence[int]) -> list[int]:
        of_person: dict[int, int] = {}
        for query in order:
            of_person.setdefault(pids[query], query)
        return list(of_person.values())[:count]

    return first_of_each(ascending), first_of_each(ascending[::-1])


def nearest(
    distances: Tensor, pid: int, camid: int, pids: Tensor, camids: Tensor, length: int
) -> list[Retrieved]:
    """The `length` gallery pictures nearest to a query, nearest first.

    In the order that is scored: of equally distant pictures a miss comes before a hit. Junk (pid
    -1, or the query's own pid and camid) stands among them, though the protocol leaves it out.

    Args:
        distances: of the query from the gallery [gallery], as they are ranked.
        pid, camid: the query's.
        pids, camids: the gallery's [gallery].
    """
    same = pids == pid
    junk = (pids == -1) | (same & (camids == camid))
    misses_first = same.int().argsort(stable=True)
    ranked = misses_first[distances[misses_first].argsort(stable=True)][:length]
    names: tuple[Verdict, ...] = ("miss", "hit", "junk")
    kinds = torch.where(junk, 2, same.int())[ranked].tolist()
    return [Retrieved(p, names[k]) for p, k in zip(ranked.tolist(), kinds, strict=True)]


def listed(
    query: Sample,
    row: Sequence[Retrieved],
    results: QueryResults,
    gallery: Sequence[Sample],
    ap: AveragePrecision,
) -> RankedList:
    """The ranked list of one query, its ranks as they are scored: junk has none.

    Args:
        query: its picture.
        row: what `nearest` tells of it.
        results: of this query alone.
        gallery: all its pictures.
        ap: which average precision the results hold.
    """
    shown, rank = [], 0
    for place, verdict in row:
        rank += verdict != "junk"
        label = "junk" if verdict == "junk" else f"{rank} · cam {gallery[place].camid + 1}"
        shown.append(Shown(gallery[place].path, verdict, label))
    matches = int(results.matches)
    title = (
        f"Person {query.pid} · AP ({ap}) {float(results.ap):.1%} · "
        f"{matches} match{'' if matches == 1 else 'es'}, the first at rank "
        f"{int(results.first_match)}"
    )
    return RankedList(query.path, shown, title, f"query · cam {query.camid + 1}")
