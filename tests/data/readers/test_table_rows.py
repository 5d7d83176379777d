from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from reid_lightning.data.readers.table import read_table
from reid_lightning.data.readers.table_rows import read_rows
from reid_lightning.errors import ReIDError

TEXT = "path,pid,split\nÄ b.jpg,Zoë,train\n"
CELLS = {"path": "Ä b.jpg", "pid": "Zoë", "split": "train"}


def columnar(path: Path, content: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(content), path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.rstrip().encode(),
        f"\ufeff{TEXT}\n\n".encode(),
        TEXT.replace(",", " , ").encode(),
        '"path";"pid";"split"\n"Ä b.jpg";"Zoë";"train"\n'.encode(),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt"])
def test_csv_of_many_kinds(content: bytes, name: str, tmp_path: Path) -> None:
    table = tmp_path / name
    table.write_bytes(content)
    columns, (row,) = read_rows(table)
    assert columns == list(CELLS) and row.cells == CELLS and row.where == f"{table}, line 2"


def test_quoted_cells_hold_delimiters_and_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('path,pid\n"a,""b"".jpg","two\nlines"\nc,d\n')
    _, rows = read_rows(tmp_path / "t.csv")
    assert [list(row.cells.values()) for row in rows] == [['a,"b".jpg', "two\nlines"], ["c", "d"]]
    assert rows[1].where.endswith("line 4")


def test_columns_without_a_name_are_as_spreadsheets_leave_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,pid,,\na,1,,\n")
    columns, (row,) = read_rows(tmp_path / "t.csv")
    assert columns == ["path", "pid", "", ""] and row.cells["pid"] == "1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TEXT.encode("latin-1"), "UTF-8"),
        (TEXT.encode("utf-16"), "UTF-8"),
        (TEXT.encode("utf-32-be"), "UTF-8"),
        (b"PK\x03\x04" + b"\xff" * 9, "zip archive"),
        (b"\x00\xff\x00", "UTF-8"),
        (b"\x00" * 9, "no column path"),
    ],
)
def test_what_is_no_text_is_said(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ReIDError, match=message):
        read_table(None, table=tmp_path / "t.csv")


def test_a_nul_in_a_path_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    from reid_lightning.data.pictures import decode

    (tmp_path / "t.csv").write_bytes(b"path,pid,split\na\x00.jpg,1,train\n")
    try:
        splits = read_table(None, table=tmp_path / "t.csv")
    except ReIDError as error:  # of Python before 3.11
        assert "NUL" in str(error)
        return
    with pytest.raises(ReIDError, match="cannot be read"):
        decode(splits.train[0].picture)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.pq"])
def test_no_file_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="there is no such file"):
        read_rows(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(ReIDError, match="it is a folder"):
        read_rows(tmp_path / name)


def test_parquet_has_the_cells_of_csv(tmp_path: Path) -> None:
    content = {
        "path": ["a.jpg", "b.jpg"],
        "pid": [7, -1],
        "camid": [1.0, None],
        "bbox": [[1.5, 2.0, 3.0, 4.0], None],
        "is_query": [True, None],
        "time": pa.array([3.0, float("nan")]),
    }
    columns, rows = read_rows(columnar(tmp_path / "t.parquet", content))
    assert columns == list(content)
    assert [list(row.cells.values()) for row in rows] == [
        ["a.jpg", "7", "1", "[1.5, 2.0, 3.0, 4.0]", "True", "3"],
        ["b.jpg", "-1", "", "", "", ""],
    ]
    assert rows[1].where.endswith("t.parquet, row 2")


def test_nested_and_strange_types_are_text(tmp_path: Path) -> None:
    import datetime
    from decimal import Decimal

    content = {
        "path": pa.array(["a"]).dictionary_encode(),
        "pid": [Decimal("1.50")],
        "bytes": [b"\xff\x00"],
        "list": pa.array([[b"x"]]),
        "dates": pa.array([[datetime.date(2020, 1, 2)]]),
        "struct": [{"a": [1]}],
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "null": pa.nulls(1),
    }
    _, (row,) = read_rows(columnar(tmp_path / "t.parquet", content))
    assert row.cells["path"] == "a" and row.cells["pid"] == "1.50" and row.cells["null"] == ""
    assert all(isinstance(cell, str) for cell in row.cells.values())


@pytest.mark.parametrize("bbox", [[[b"x"] * 4], [{"x": 1.0, "y": 2.0}], [[[1.0], [2.0]]], [b"x"]])
def test_a_box_of_another_type_is_said(bbox: list, tmp_path: Path) -> None:
    content = {"path": ["a"], "pid": [1], "split": ["train"], "bbox": bbox}
    table = columnar(tmp_path / "t.parquet", content)
    with pytest.raises(ReIDError, match=r"row 1: bbox="):
        read_table(None, table=table)


def test_two_columns_of_one_name_in_parquet(tmp_path: Path) -> None:
    table = pa.Table.from_arrays(
        [pa.array(["a"]), pa.array([1]), pa.array([2])], ["path"] + ["pid"] * 2
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ReIDError, match="several columns of the name pid"):
        read_rows(tmp_path / "t.parquet")


@pytest.mark.parametrize("keep", [0, 3, 4, 100, -1, -5, -30])
def test_a_truncated_parquet_file_is_said(keep: int, tmp_path: Path) -> None:
    table = columnar(tmp_path / "t.parquet", {"path": ["a"] * 50, "pid": list(range(50))})
    table.write_bytes(table.read_bytes()[:keep])
    with pytest.raises(ReIDError, match=r"t\.parquet is damaged, or no Parquet file"):
        read_rows(table)


def test_csv_named_parquet_and_parquet_named_csv_are_said(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text(TEXT)
    with pytest.raises(ReIDError, match="no Parquet file"):
        read_rows(tmp_path / "t.parquet")
    columnar(tmp_path / "u.parquet", {"path": ["a"]}).rename(tmp_path / "u.csv")
    with pytest.raises(ReIDError, match=r"u\.csv is damaged, or cannot be read"):
        read_rows(tmp_path / "u.csv")
