"""On a full disk every writer names its file, leaves nothing half-written, keeps what was there."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from full_disk import limited_files
from matplotlib.figure import Figure
from run_folders import findings

from reid_lightning.data.archive import extract_once
from reid_lightning.data.pictures import Picture
from reid_lightning.data.store import open_source
from reid_lightning.data.synthetic import draw_synthetic
from reid_lightning.engine.checkpoint_io import AtomicCheckpointIO
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.errors import error_message
from reid_lightning.report.figures.style import save_png
from reid_lightning.results.findings import write_findings
from reid_lightning.results.metrics_json import write_results
from reid_lightning.results.status import claim, read_status, write_progress, write_status
from reid_lightning.retrieval import SpatialTemporal
from reid_lightning.run.hydra_app import run_hydra_app

LARGE = {"weights": torch.zeros(100_000)}
MODEL = SpatialTemporal(torch.ones(2, 2, 5000), torch.arange(2))
WRITERS: dict[str, Callable[[Path], object]] = {
    "best.ckpt": lambda path: AtomicCheckpointIO().save_checkpoint(LARGE, path),
    "metrics.json": lambda path: write_results(path, {"test/mAP": 0.5, "x": "x" * 2000}),
    "status.json": lambda path: write_progress(path.parent, x="x" * 2000),
    "findings.pt": lambda path: write_findings(path, findings(path.parent)),
    "spatial_temporal.pt": MODEL.save,
    "cmc.png": lambda path: save_png(Figure(), path, dpi=100),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_kept_as_it_was(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limit would kill git, which would leave its lock in the repository.
    monkeypatch.setattr("reid_lightning.results.metrics_json.git_revision", lambda: "abc")
    path = tmp_path / name
    path.write_text("what was there")
    with limited_files(1000), pytest.raises(OSError) as caught:
        WRITERS[name](path)
    assert f"{path} cannot be written (File too large): free space" in str(
        error_message(caught.value)
    )
    assert path.read_text() == "what was there"
    assert not list(tmp_path.rglob("*.partial"))


def test_metrics_csv_ends_with_a_whole_row(tmp_path: Path) -> None:
    log = MetricsCSV(tmp_path)
    log.log_metrics({"train/loss": 1.5}, 1)
    before = log.path.read_text()
    with limited_files(len(before) + 3), pytest.raises(OSError) as caught:
        log.log_metrics({"train/loss": 2.5}, 2)
    assert f"{log.path} cannot be written" in str(error_message(caught.value))
    assert log.path.read_text() == before


def test_a_folder_that_cannot_be_claimed_stays_empty(tmp_path: Path) -> None:
    with limited_files(10), pytest.raises(OSError, match=r"status\.json"):
        claim(tmp_path)
    assert not any(tmp_path.iterdir())


def test_why_a_run_failed_is_not_hidden_by_its_status(tmp_path: Path) -> None:
    write_status(tmp_path, "running")
    with limited_files(10):
        write_status(tmp_path, "failed", message="The disk is full.")
    assert read_status(tmp_path) == "unfinished"


def test_a_set_is_drawn_or_extracted_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
        zipped.writestr("query/0001_c1s1_000001_00.jpg", b"x" * 3000)
    root = tmp_path / "sets" / "set"
    for write in (
        lambda: draw_synthetic(root, train_identities=2, test_identities=2),
        lambda: extract_once(tmp_path / "set.zip", root),
    ):
        with limited_files(100), pytest.raises(OSError) as caught:
            write()
        assert f"{root} cannot be written" in str(error_message(caught.value))
        assert not any(root.parent.iterdir())


def test_the_store_says_how_to_do_without(tmp_path: Path, tiny_set: Path) -> None:
    pictures = [Picture(p) for p in sorted((tiny_set / "query").glob("*.jpg"))[:4]]
    with limited_files(1000), pytest.raises(Exception) as caught:
        open_source(pictures, 64, 32, folder=tmp_path / "cache", budget_gib=1)
    assert "data.cache_gib=0" in str(error_message(caught.value))
    assert not [p for p in (tmp_path / "cache").iterdir() if p.suffix != ".lock"]
    source = open_source(pictures, 64, 32, folder=tmp_path / "cache", budget_gib=1)
    assert np.asarray(source.read(pictures)).any()


def test_a_disk_without_room_for_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    arguments = ["data=synthetic", f"hydra.run.dir={folder}"]
    with limited_files(3000), pytest.raises(SystemExit):
        run_hydra_app(lambda config: 0.0, "train", arguments)
    assert f"Error: {folder} cannot be written (File too large): free" in capsys.readouterr().err
