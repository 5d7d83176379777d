"""What a test found beside its scores: the file in a run's folder that reports are drawn from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults
from reid_lightning.results.ranked_list import RankedList, Shown
from reid_lightning.results.retrieved import listed, nearest, worst_and_best
from reid_lightning.retrieval import Pictures, Retrieval
from reid_lightning.scoring.query_distances import distances_of

FILE = "findings.pt"
_QUERIES, _NEGATIVES = 256, 64  # looked at for the distances of pairs: a sample, evenly spread
_PEOPLE = 7  # on the map: as many as there are colours that are told apart


class Findings(NamedTuple):
    """Ranked lists, distances of pairs, and the embeddings of a few people.

    `worst` and `best` are the lists of the queries with the lowest and the highest AP; `positive`
    and `negative` hold distances of a sample of query-gallery pairs of one person by two cameras,
    and of two persons, as they were ranked; `embeddings` [n, d] are of all pictures of the people
    with most of them, with their `pids` and `camids` [n].
    """

    worst: list[RankedList]
    best: list[RankedList]
    positive: Tensor
    negative: Tensor
    embeddings: Tensor
    pids: Tensor
    camids: Tensor


def find(
    query: Pictures,
    gallery: Pictures,
    retrieval: Retrieval,
    results: QueryResults,
    samples: tuple[Sequence[Sample], Sequence[Sample]],
    *,
    distance: Distance,
    ap: AveragePrecision,
    queries: int,
    length: int,
) -> Findings:
    """Look at what was ranked; some query must have a match.

    Args:
        query, gallery, retrieval, distance, ap: as `rank_sets` took them.
        results: of every query.
        samples: the query's and the gallery's.
        queries: how many of the worst queries by AP, and of the best, are listed.
        length: gallery pictures in a list.
    """
    worst, best = worst_and_best(results, query.pids.tolist(), queries)
    valid = results.matches.nonzero().flatten()
    sample = valid[:: -(-len(valid) // _QUERIES)].tolist()
    rows = distances_of(query, gallery, retrieval, [*worst, *best, *sample], distance=distance)
    lists = []
    for place in (*worst, *best):
        asked, row = samples[0][place], next(rows)
        found = nearest(row.ranked, asked.pid, asked.camid, gallery.pids, gallery.camids, length)
        own = QueryResults(*(column[place] for column in results))
        lists.append(listed(asked, found, own, samples[1], ap))
    looked_at = zip(sample, rows, strict=True)
    pairs = [_pairs(row.distance, samples[0][place], gallery) for place, row in looked_at]
    positive, negative = (torch.cat(kind).float().cpu() for kind in zip(*pairs, strict=True))
    people = _most_seen(torch.cat([query.pids, gallery.pids]))
    parts = [p.take(torch.isin(p.pids, people)) for p in (query, gallery)]
    x, pids, camids, _ = (torch.cat(both).cpu() for both in zip(*parts, strict=True))
    lists_of = lists[: len(worst)], lists[len(worst) :]
    return Findings(*lists_of, positive, negative, x.float(), pids, camids)


def write_findings(path: Path, findings: Findings) -> None:
    """Write a file that `read_findings` reads."""
    told: dict[str, Any] = findings._asdict()
    for name in ("worst", "best"):
        told[name] = [
            (
                str(one.query.absolute()),
                [(str(s.path.absolute()), s.verdict, s.label) for s in one.gallery],
                *one[2:],
            )
            for one in told[name]
        ]
    partial = path.with_suffix(".partial")
    torch.save(told, partial)
    partial.replace(path)


def read_findings(path: Path) -> Findings:
    """Read what `write_findings` wrote.

    Raises:
        ReIDError: it is no such file, or another version's.
    """
    told = load_file(path)
    if told.keys() != set(Findings._fields):
        raise ReIDError(f"{path} was written by another version of reid-lightning: score it anew.")
    for name in ("worst", "best"):
        told[name] = [
            RankedList(Path(query), [Shown(Path(p), v, label) for p, v, label in gallery], *texts)
            for query, gallery, *texts in told[name]
        ]
    return Findings(**told)


def _pairs(row: Tensor, query: Sample, gallery: Pictures) -> tuple[Tensor, Tensor]:
    """A query's distances from all its positives, and from some of its negatives."""
    same = gallery.pids == query.pid
    some = slice(None, None, max(1, len(row) // _NEGATIVES))
    negative = ~same & (gallery.pids != -1)
    return row[same & (gallery.camids != query.camid)], row[some][negative[some]]


def _most_seen(pids: Tensor) -> Tensor:
    """The people with most pictures; of equals, those with the lowest pids."""
    people, counts = torch.unique(pids[pids > 0], return_counts=True)
    most: Tensor = people[counts.argsort(descending=True, stable=True)[:_PEOPLE]]
    return most
