"""retrieved.parquet and camera_pairs.csv: what is written is read, and damage is a sentence."""

from pathlib import Path

import pyarrow
import pytest
import torch
from pyarrow import parquet

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.results.camera_pairs import read_camera_pairs, write_camera_pairs
from reid_lightning.results.per_query import read_per_query
from reid_lightning.results.retrieved import read_retrieved, write_retrieved
from reid_lightning.scoring.camera_pairs import CameraPair
from reid_lightning.scoring.first_results import FirstResults

ROOT = Path("/set")
QUERY = tuple(Sample(ROOT / "query" / f"{pid}.jpg", pid, 0) for pid in (7, 8))
GALLERY = (
    Sample(ROOT / "gallery" / "a" / "7.jpg", 7, 1, box=(1, 2, 3, 4)),
    Sample(ROOT / "gallery" / "b" / "x.jpg", -5, 2, role="distractor"),
)
SCORED = Splits((), QUERY, GALLERY)
FIRST = FirstResults(
    torch.tensor([[0, 1], [1, -1]]),
    torch.tensor([[True, False], [False, False]]),
    torch.tensor([[0.25, 0.5], [0.125, torch.nan]]),
)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "retrieved.parquet"
    write_retrieved(path, FIRST, SCORED)
    read = read_retrieved(path)
    assert read.query_folder == ROOT / "query" and read.gallery_folder == ROOT / "gallery"
    assert read.results == {
        0: [
            ("a/7.jpg", "7", "2", "person", True, 0.25, "1 2 3 4"),
            ("b/x.jpg", "", "3", "distractor", False, 0.5, ""),
        ],
        1: [("b/x.jpg", "", "3", "distractor", False, 0.125, "")],
    }
    assert parquet.read_table(path)["query"].to_pylist() == ["7.jpg", "7.jpg", "8.jpg"]


def test_without_cameras_there_is_no_camera(tmp_path: Path) -> None:
    write_retrieved(tmp_path / "r", FIRST, Splits((), QUERY, GALLERY, has_cameras=False))
    assert {r.camera for rows in read_retrieved(tmp_path / "r").results.values() for r in rows} == {
        ""
    }


def altered(path: Path, **columns: list) -> None:
    table = parquet.read_table(path)
    for name, values in columns.items():
        kind = table.schema.field(name)
        index = table.schema.get_field_index(name)
        table = table.set_column(index, kind, pyarrow.array(values, kind.type))
    parquet.write_table(table, path)


@pytest.mark.parametrize(
    "columns",
    [
        {"rank": [1, 1, 1]},
        {"rank": [2, 1, 1]},
        {"role": ["person", "person", "<b>"]},
        {"gallery": ["a", None, "b"]},
    ],
)
def test_rows_that_no_run_writes_are_refused(columns: dict, tmp_path: Path) -> None:
    path = tmp_path / "retrieved.parquet"
    write_retrieved(path, FIRST, SCORED)
    altered(path, **columns)
    with pytest.raises(ReIDError, match=r"retrieved\.parquet is damaged, or no table of results"):
        read_retrieved(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,b\n1,2\n"])
def test_another_file_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(content)
    with pytest.raises(ReIDError, match="is damaged, or no table of results"):
        read_retrieved(tmp_path / "r")
    parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "r")
    with pytest.raises(ReIDError, match="other columns"):
        read_retrieved(tmp_path / "r")


def test_pairs_of_cameras_have_the_names_of_the_files(tmp_path: Path) -> None:
    named = (*GALLERY, Sample(ROOT / "g.jpg", 7, 3, camera="door"))
    pairs = [CameraPair(0, 1, 12, 0.5, 0.25), CameraPair(0, 3, 2, 1.0, 1.0)]
    write_camera_pairs(tmp_path / "c.csv", pairs, Splits((), QUERY, named))
    assert read_camera_pairs(tmp_path / "c.csv") == {
        ("1", "2"): (12, 0.5, 0.25),
        ("1", "door"): (2, 1.0, 1.0),
    }
    for text in ("a,b\n1,2\n", "query_camera,gallery_camera,queries,mAP,rank1\n1,2,3,nan,0\n"):
        (tmp_path / "c.csv").write_text(text)
        with pytest.raises(ReIDError, match="holds no scores of pairs of cameras"):
            read_camera_pairs(tmp_path / "c.csv")


def test_cameras_of_version_0_1_count_from_one_as_those_of_today(tmp_path: Path) -> None:
    path = tmp_path / "per_query.csv"
    path.write_text("query,pid,camid,matches,first_match,AP,INP\na.jpg,1,0,2,1,1.0,0.5\n")
    old = read_per_query(path)
    path.write_text("query,pid,camera,matches,first_match,AP,INP\na.jpg,1,1,2,1,1.0,0.5\n")
    assert old == read_per_query(path) and old.queries == [("a.jpg", "1", "1", "")]
