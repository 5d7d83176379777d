"""findings.pt: what a report shows of a test beside its scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, save_file
from reid_lightning.metrics.ranking import AveragePrecision
from reid_lightning.results.ranked_list import RankedList, Shown, ranked_list
from reid_lightning.scoring.score_sets import Outcome

FINDINGS_FILE = "findings.pt"
_MAPPED_PEOPLE = 7  # as many as there are distinguishable colours


class Findings(NamedTuple):
    """Ranked lists, distances of pairs, and the embeddings of a few people.

    `worst` and `best` are the lists of the queries with the lowest and the highest AP; `positive`
    and `negative` are distances of a sample of query-gallery pairs, of one person by two cameras
    and of two persons; `embeddings` [n, d] are of all pictures of the people with most pictures,
    with their `pids` and `camids` [n].
    """

    worst: list[RankedList]
    best: list[RankedList]
    positive: Tensor
    negative: Tensor
    embeddings: Tensor
    pids: Tensor
    camids: Tensor


def collect_findings(
    outcome: Outcome, query: Sequence[Sample], gallery: Sequence[Sample], ap: AveragePrecision
) -> Findings:
    """The findings of a scored ranking.

    Args:
        outcome: of `score_sets`.
        query, gallery: the samples that were scored.
        ap: as `score_sets` took it.
    """
    worst, best = (
        [ranked_list(retrieved, query, gallery, outcome.results, ap) for retrieved in lists]
        for lists in (outcome.worst, outcome.best)
    )
    people = _most_pictures(torch.cat([outcome.query.pids, outcome.gallery.pids]))
    sets = outcome.query, outcome.gallery
    parts = [embedded.take(torch.isin(embedded.pids, people)) for embedded in sets]
    x, pids, camids, _ = (torch.cat(columns).cpu() for columns in zip(*parts, strict=True))
    return Findings(worst, best, outcome.positive, outcome.negative, x.float(), pids, camids)


def write_findings(path: Path, findings: Findings) -> None:
    """Write a file of plain values and tensors that `read_findings` reads."""
    content: dict[str, Any] = findings._asdict()
    for name in ("worst", "best"):
        content[name] = [
            (
                str(ranked.query.absolute()),
                [(str(s.path.absolute()), s.verdict, s.label) for s in ranked.gallery],
                ranked.title,
                ranked.label,
            )
            for ranked in content[name]
        ]
    save_file(content, path)


def read_findings(path: Path) -> Findings:
    """Read what `write_findings` wrote.

    Raises:
        ReIDError: it is no such file, or another version's.
    """
    content = load_file(path)
    if content.keys() != set(Findings._fields):
        raise ReIDError(f"{path} was written by another version of reid-lightning: score it again.")
    for name in ("worst", "best"):
        content[name] = [
            RankedList(Path(query), [Shown(Path(p), v, label) for p, v, label in gallery], *texts)
            for query, gallery, *texts in content[name]
        ]
    return Findings(**content)


def _most_pictures(pids: Tensor) -> Tensor:
    """The people with most pictures; of equals, those with the lowest pids."""
    people, counts = torch.unique(pids[pids > 0], return_counts=True)
    most: Tensor = people[counts.argsort(descending=True, stable=True)[:_MAPPED_PEOPLE]]
    return most
