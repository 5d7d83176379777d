"""A ranked list: a query, and the gallery pictures nearest to it."""

from collections.abc import Sequence
from typing import NamedTuple

from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults
from reid_lightning.scoring.nearest_pictures import Verdict
from reid_lightning.scoring.worst_and_best import RetrievedList


class Shown(NamedTuple):
    """A gallery picture of the list: where it is, how it counts, and what is written below it."""

    picture: Picture
    verdict: Verdict
    label: str


class RankedList(NamedTuple):
    """A query's picture, what was retrieved, nearest first, and what is written beside it."""

    query: Picture
    gallery: Sequence[Shown]
    title: str = ""  # above the list
    label: str = "query"  # below the query


def ranked_list(
    retrieved: RetrievedList, scored: Splits, results: QueryResults, ap: AveragePrecision
) -> RankedList:
    """The ranked list of one query with the ranks that are scored: junk has none.

    Args:
        retrieved: the query's index, and its nearest gallery pictures.
        scored: the query and gallery that were ranked.
        results: of all queries.
        ap: the definition of average precision that `results` holds.
    """
    query = scored.query[retrieved.query]

    def labelled(text: str, sample: Sample) -> str:
        return f"{text} · cam {sample.taken_by}" if scored.has_cameras else text

    pictures, rank = [], 0
    for index, verdict in retrieved.gallery:
        rank += verdict != "junk"
        shown = scored.gallery[index]
        label = "junk" if verdict == "junk" else labelled(str(rank), shown)
        pictures.append(Shown(shown.picture, verdict, label))
    matches = int(results.matches[retrieved.query])
    title = (
        f"Person {query.person} · AP ({ap}) {float(results.ap[retrieved.query]):.1%} · "
        f"{matches} match{'' if matches == 1 else 'es'}, the first at rank "
        f"{int(results.first_match[retrieved.query])}"
    )
    return RankedList(query.picture, pictures, title, labelled("query", query))
