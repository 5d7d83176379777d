"""The rows of a table, from a CSV or a Parquet file, as text."""

import csv
import io
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file, read_text

_DELIMITERS = ",;\t"
_PARQUET = (".parquet", ".pq")
TABLES = (".csv", ".tsv", *_PARQUET)  # suffixes
_DECIMAL = re.compile(r"(-?\d+\.0)?", re.ASCII)  # or nothing


class Row(NamedTuple):
    """One row: its cells by column, empty where there is nothing, and where it stands."""

    cells: dict[str, str]
    where: str


def read_rows(table: Path, *, without: Collection[str] = ()) -> tuple[list[str], list[Row]]:
    """The names of a table's columns, and its rows.

    A CSV file is separated by commas, semicolons or tabs, whichever its first line has most of.

    Args:
        table: the file.
        without: columns of a Parquet file that are not read.

    Raises:
        ReIDError: the file cannot be read, a row has other cells than the first line has names, or
            two columns have one name.
    """
    is_parquet = table.suffix.lower() in _PARQUET
    columns, rows = _read_parquet(table, without) if is_parquet else _read_csv(table)
    if double := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise ReIDError(f"{table} has several columns of the name {double[0]}.")
    for column in columns:
        _write_whole(column, rows)
    return columns, rows


def _write_whole(column: str, rows: list[Row]) -> None:
    """Write `1.0` as `1` in a column of such numbers alone.

    Pandas makes them of whole numbers where a cell of the column is empty.
    """
    if all(_DECIMAL.fullmatch(row.cells[column]) for row in rows):
        for row in rows:
            row.cells[column] = row.cells[column].partition(".")[0]


def _read_csv(table: Path) -> tuple[list[str], list[Row]]:
    text = read_text(table)
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True
    )
    rows = list[Row]()
    try:
        columns = [name.strip() for name in next(reader, [])]
        for cells in reader:
            if not any(cells):
                continue
            where = f"{table}, line {reader.line_num}"
            if len(cells) != len(columns):
                raise ReIDError(
                    f"{where}: there are {len(cells)} cells, and {len(columns)} columns."
                )
            rows.append(Row(dict(zip(columns, map(str.strip, cells), strict=True)), where))
    except csv.Error as error:
        raise ReIDError(f"{table}, line {reader.line_num}: {error}.") from error
    return columns, rows


def _read_parquet(table: Path, without: Collection[str]) -> tuple[list[str], list[Row]]:
    from pyarrow import parquet  # here, because it is slow to import

    if reason := not_a_file(table):
        raise ReIDError(f"{table} cannot be read: {reason}.")
    try:
        file = parquet.ParquetFile(table)  # read_table takes columns from folders
        kept = [name for name in file.schema_arrow.names if name not in without]
        content = file.read(kept if without else None)
        columns = [name.strip() for name in content.column_names]
        values = [column.to_pylist() for column in content.columns]
    except Exception as error:  # pyarrow raises almost anything on a wrong file
        text = " ".join(str(error).split())[:200]
        raise ReIDError(f"{table} is damaged, or no Parquet file: {text}.") from error
    rows = [
        Row(dict(zip(columns, map(_text, cells), strict=True)), f"{table}, row {number}")
        for number, cells in enumerate(zip(*values, strict=True), start=1)
    ]
    return columns, rows


def _text(value: Any) -> str:
    if value is None or value != value:  # pandas writes NaN where there is nothing
        return ""
    return json.dumps(value, default=str) if isinstance(value, list) else str(value).strip()
