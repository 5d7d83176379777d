"""Names that are not UTF-8, and names with newlines and quotes, in every file that holds paths."""

import csv
import os
from pathlib import Path

import pytest
import torch
from run_folders import MakeRun, findings

from reid_lightning.data.content_key import content_key
from reid_lightning.data.pictures import Picture
from reid_lightning.data.synthetic import draw_synthetic
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.report.page import write_report
from reid_lightning.results.findings import read_findings, write_findings
from reid_lightning.results.status import read_status, write_status
from reid_lightning.retrieval import SpatialTemporal
from reid_lightning.scoring.embedding_cache import mapped, reserve


@pytest.fixture(params=[b"\xff\xfe", b"a\nb", b"it's", "\u4eba".encode()])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / os.fsdecode(request.param)
    folder.mkdir()
    return folder


def test_findings_and_a_report_of_them(folder: Path, make_run: MakeRun) -> None:
    found, run = findings(folder), make_run(f"{folder.name}/run", [])
    write_findings(run / "findings.pt", found)
    read = read_findings(run / "findings.pt")
    assert read.worst[0].query == found.worst[0].query
    assert read.worst[0].gallery == found.worst[0].gallery
    page = write_report([run], folder / "report").read_text(encoding="utf-8")
    assert "data:image/svg+xml" in page


def test_files_of_the_cache_and_of_a_run(folder: Path) -> None:
    picture = folder / f"{folder.name}.jpg"
    picture.write_bytes(b"x")
    assert len(content_key([Picture(picture)], 8, 4)) == 32
    reserve(folder / "x", 3, 2)
    mapped(folder / "x", 3, 2, shared=True)[:] = 1
    assert mapped(folder / "x", 3, 2, shared=False).eq(1).all()
    model = SpatialTemporal(torch.ones(2, 2, 5000), torch.arange(2))
    model.save(folder / "times.pt")
    assert SpatialTemporal.load(folder / "times.pt").distributions.eq(1).all()
    write_status(folder, "failed", message=str(folder))
    assert read_status(folder) == f"failed: {folder}"


def test_a_table_with_such_a_path_is_utf_8(folder: Path) -> None:
    MetricsCSV(folder).log_metrics({"x": 1.0}, 1)
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [{"step": "1", "x": "1.0"}]


def test_the_synthetic_set(folder: Path) -> None:
    root = draw_synthetic(folder / "set", train_identities=2, test_identities=2)
    assert draw_synthetic(root, train_identities=2, test_identities=2) == root
