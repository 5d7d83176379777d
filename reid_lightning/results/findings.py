"""findings.pt: what a report shows of a test beside its scores."""

from pathlib import Path
from typing import Any, NamedTuple, get_args

import torch
from torch import Tensor

from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file, save_file
from reid_lightning.metrics.ranking import AveragePrecision
from reid_lightning.results.ranked_list import RankedList, Shown, ranked_list
from reid_lightning.scoring.nearest_pictures import Verdict
from reid_lightning.scoring.score_sets import Outcome

FINDINGS_FILE = "findings.pt"
_MAPPED_PEOPLE = 7  # as many as there are distinguishable colours
_MOST_SHOWN = 650  # pictures side by side in a JPEG
_MOST_TEXT = 1000  # letters
_MOST_VALUE = 1e30


class Findings(NamedTuple):
    """Ranked lists, distances of pairs, and the embeddings of a few people.

    `worst` and `best` are the lists of the queries with the lowest and the highest AP; `positive`
    and `negative` are distances of a sample of query-gallery pairs, of one person by two cameras
    and of two persons; `embeddings` [n, d] are of all pictures of the people with most pictures,
    with their `pids` and `camids` [n]; all camids are 0 in a set without cameras.
    """

    worst: list[RankedList]
    best: list[RankedList]
    positive: Tensor
    negative: Tensor
    embeddings: Tensor
    pids: Tensor
    camids: Tensor


def collect_findings(outcome: Outcome, scored: Splits, ap: AveragePrecision) -> Findings:
    """The findings of a scored ranking.

    Args:
        outcome: of `score_sets`.
        scored: the query and gallery.
        ap: as `score_sets` took it.
    """
    worst, best = (
        [ranked_list(retrieved, scored, outcome.results, ap) for retrieved in lists]
        for lists in (outcome.worst, outcome.best)
    )
    people = _most_pictures(torch.cat([outcome.query.pids, outcome.gallery.pids]))
    sets = outcome.query, outcome.gallery
    parts = [embedded.take(torch.isin(embedded.pids, people)) for embedded in sets]
    x, pids, camids, _ = (torch.cat(columns).cpu() for columns in zip(*parts, strict=True))
    camids = camids if scored.has_cameras else torch.zeros_like(camids)
    return Findings(worst, best, outcome.positive, outcome.negative, x.float(), pids, camids)


def write_findings(path: Path, findings: Findings) -> None:
    """Write a file of plain values and tensors that `read_findings` reads."""
    content: dict[str, Any] = findings._asdict()
    for name in ("worst", "best"):
        content[name] = [
            (
                _stored(ranked.query),
                [(_stored(s.picture), s.verdict, s.label) for s in ranked.gallery],
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
    try:
        for name in ("worst", "best"):
            content[name] = [_ranked_list(*parts) for parts in content[name]]
        findings = Findings(**content)
        _check_tensors(findings)
    except (TypeError, ValueError) as error:
        raise ReIDError(
            f"{path} cannot be shown ({error}): it was changed, or is of another version of "
            "reid-lightning; score it again."
        ) from error
    return findings


def _stored(picture: Picture) -> tuple[Any, ...]:
    return str(picture.path.absolute()), picture.box


def _picture(path: Any, box: Any) -> Picture:
    if box is not None and not (len(box) == 4 and all(type(edge) is int for edge in box)):
        raise ValueError("the box of a picture is not four integers")
    return Picture(Path(path), box)


def _ranked_list(query: Any, gallery: Any, title: Any, label: Any) -> RankedList:
    if len(gallery) > _MOST_SHOWN:
        raise ValueError(f"a list of {len(gallery)} pictures is wider than a picture can be")
    shown = []
    for picture, verdict, below in gallery:
        if verdict not in get_args(Verdict):
            raise ValueError("a picture of a list is neither hit nor miss nor junk")
        shown.append(Shown(_picture(*picture), verdict, _text(below)))
    return RankedList(_picture(*query), shown, _text(title), _text(label))


def _text(text: Any) -> str:
    if not isinstance(text, str) or not text.isprintable() or len(text) > _MOST_TEXT:
        raise ValueError("what is written beside a picture is no line of text")
    return text


def _check_tensors(findings: Findings) -> None:
    floats = {"positive": 1, "negative": 1, "embeddings": 2}  # dimensions
    for name in (*floats, "pids", "camids"):
        tensor = getattr(findings, name)
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise TypeError(f"{name} is no tensor")
        kind = tensor.is_floating_point() if name in floats else tensor.dtype == torch.int64
        if not kind or tensor.dim() != floats.get(name, 1):
            raise TypeError(f"{name} is a tensor of another kind")
        if name in floats and not bool((tensor.abs() < _MOST_VALUE).all()):
            raise ValueError(f"{name} holds NaN, infinity or a number of no end")
    if not len(findings.embeddings) == len(findings.pids) == len(findings.camids):
        raise ValueError("embeddings, pids and camids are not of the same pictures")


def _most_pictures(pids: Tensor) -> Tensor:
    """The people with most pictures; of equals, those with the lowest pids."""
    people, counts = torch.unique(pids[pids >= 0], return_counts=True)
    most: Tensor = people[counts.argsort(descending=True, stable=True)[:_MAPPED_PEOPLE]]
    return most
