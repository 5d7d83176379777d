"""KeepFindings, on a test that is made by hand."""

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.engine.callbacks import KeepFindings
from reid_lightning.engine.scored_test import score_collected
from reid_lightning.errors import ReIDError
from reid_lightning.metrics import ReIDMetric
from reid_lightning.results.findings import read_findings
from reid_lightning.results.per_query import read_first_matches

PEOPLE, CAMERAS = 6, 3


def samples(camera: int) -> list[Sample]:
    return [Sample(Path(f"{pid}_c{camera}.jpg"), pid, camera, 1, 1) for pid in range(1, PEOPLE + 1)]


QUERY, GALLERY = samples(0), [s for camera in range(1, CAMERAS) for s in samples(camera)]


def after_test(indices: torch.Tensor, rank: int = 0) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A trainer and a module that have tested the pictures `indices`, in this order."""
    metric = ReIDMetric()
    pictures = [*QUERY, *GALLERY]
    for batch in indices.split(4):
        metric.update(
            embeddings=torch.eye(PEOPLE)[[pictures[i].pid - 1 for i in batch]],
            pids=torch.tensor([pictures[i].pid for i in batch]),
            camids=torch.tensor([pictures[i].camid for i in batch]),
            is_query=batch < len(QUERY),
            index=batch,
        )
    official = Splits(train=(), query=tuple(QUERY), gallery=tuple(GALLERY))
    trainer = SimpleNamespace(is_global_zero=rank == 0)
    score_test = partial(score_collected, metric, official)
    return trainer, SimpleNamespace(test_metric=metric, score_test=score_test)


def test_pictures_keep_their_names_whatever_order_they_came_in(tmp_path: Path) -> None:
    order = torch.randperm(18, generator=torch.Generator().manual_seed(1))
    KeepFindings(tmp_path, queries=2, length=3).on_test_epoch_end(*after_test(order))
    with (tmp_path / "per_query.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["query"] for row in rows] == [s.path.name for s in QUERY]
    assert {row["AP"] for row in rows} == {"1.0"} and {row["matches"] for row in rows} == {"2"}
    found = read_findings(tmp_path / "findings.pt")
    for one in (*found.worst, *found.best):
        pid = one.query.path.name[0]
        assert [s.picture.path.name for s in one.gallery[:2]] == [f"{pid}_c1.jpg", f"{pid}_c2.jpg"]
        assert [s.verdict for s in one.gallery] == ["hit", "hit", "miss"]


def test_crops_of_one_file_keep_their_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, samples in (("QUERY", QUERY), ("GALLERY", GALLERY)):
        boxes = [(s.pid, s.camid, 9, 9) for s in samples]
        cropped = [
            replace(s, path=Path("all.jpg"), box=box) for s, box in zip(samples, boxes, strict=True)
        ]
        monkeypatch.setitem(globals(), name, cropped)
    KeepFindings(tmp_path, queries=2, length=3).on_test_epoch_end(*after_test(torch.arange(18)))
    with (tmp_path / "per_query.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["query"], row["box"]) for row in rows] == [
        ("all.jpg", f"{s.pid} 0 9 9") for s in QUERY
    ]
    assert read_first_matches(tmp_path / "per_query.csv").tolist() == [1] * PEOPLE
    for one in read_findings(tmp_path / "findings.pt").worst:
        assert one.query.box is not None
        pid = one.query.box[0]
        assert [s.picture.box for s in one.gallery[:2]] == [(pid, 1, 9, 9), (pid, 2, 9, 9)]


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    KeepFindings(tmp_path, queries=2, length=3).on_test_epoch_end(
        *after_test(torch.arange(18), rank=1)
    )
    assert list(tmp_path.iterdir()) == []


def test_where_no_query_can_be_scored_that_is_the_error(tmp_path: Path) -> None:
    keep = KeepFindings(tmp_path, queries=2, length=3)
    with pytest.raises(ReIDError, match="No query has a match from another camera"):
        keep.on_test_epoch_end(*after_test(torch.arange(len(QUERY))))
    assert list(tmp_path.iterdir()) == []


def test_counts_below_their_least_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ReIDError, match=r"callbacks\.findings\.queries=-1 must be an integer of 0 or more"
    ):
        KeepFindings(tmp_path, queries=-1, length=3)
    with pytest.raises(
        ReIDError, match=r"callbacks\.findings\.length=0 must be an integer of 1 or more"
    ):
        KeepFindings(tmp_path, queries=1, length=0)
