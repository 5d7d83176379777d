"""What the ranking retrieved for a few queries: the gallery pictures nearest to each, drawn."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from PIL import Image
from torch.nn import functional as F

from reid_lightning.data.market1501 import Sample
from reid_lightning.distances import ranking_distance
from reid_lightning.metrics import ReIDMetric
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.report.ranked_list import Shown, Verdict, draw_ranked_list


class Retrieved(NamedTuple):
    """A gallery picture's place in `query + gallery`, and how it counts for the query."""

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


def nearest(metric: ReIDMetric, queries: Sequence[int], length: int) -> list[list[Retrieved]]:
    """The `length` gallery pictures nearest to each of `queries`, nearest first.

    In the order that is scored: of equally distant pictures a miss comes before a hit. Junk (pid
    -1, or the query's own pid and camid) stands among them, though the protocol leaves it out.

    Args:
        metric: has collected all pictures, also those of other processes (`sync_context`).
        queries: places among the queries, as in `ReIDMetric.per_query`.
    """
    index, embeddings, pids, camids, is_query = metric.collected()
    if metric.distance == "cosine":
        embeddings = F.normalize(embeddings)
    order = index.argsort()
    gallery = order[~is_query[order]]
    rows = []
    for query in order[is_query[order]][list(queries)]:
        distances = ranking_distance(embeddings[query][None], embeddings[gallery], metric.distance)
        same = pids[gallery] == pids[query]
        junk = (pids[gallery] == -1) | (same & (camids[gallery] == camids[query]))
        misses_first = same.int().argsort(stable=True)
        ranked = misses_first[distances[0, misses_first].argsort(stable=True)][:length]
        kinds = torch.where(junk, 2, torch.where(same, 1, 0))[ranked].tolist()
        names: tuple[Verdict, ...] = ("miss", "hit", "junk")
        places = index[gallery[ranked]].tolist()
        rows.append([Retrieved(p, names[k]) for p, k in zip(places, kinds, strict=True)])
    return rows


def draw_retrieved(
    query: int, row: Sequence[Retrieved], results: QueryResults, pictures: Sequence[Sample]
) -> Image.Image:
    """The ranked list of one query, its ranks as they are scored: junk has none.

    Args:
        query: its place among the queries.
        row: what `nearest` tells of it.
        results: of every query.
        pictures: queries, then gallery.
    """
    shown, rank = [], 0
    for place, verdict in row:
        rank += verdict != "junk"
        label = "junk" if verdict == "junk" else f"{rank} · cam {pictures[place].camid + 1}"
        shown.append(Shown(pictures[place].path, verdict, label))
    asked, matches = pictures[query], int(results.matches[query])
    title = (
        f"Person {asked.pid} · AP {float(results.ap[query]):.1%} · "
        f"{matches} match{'' if matches == 1 else 'es'}, the first at rank "
        f"{int(results.first_match[query])}"
    )
    return draw_ranked_list(asked.path, shown, title=title, label=f"query · cam {asked.camid + 1}")
