"""The rows of a table, from a CSV or a Parquet file, as text."""

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file, read_text

_DELIMITERS = ",;\t"
_PARQUET = (".parquet", ".pq")


class Row(NamedTuple):
    """One row: its cells by column, empty where there is nothing, and where it stands."""

    cells: dict[str, str]
    where: str


def read_rows(table: Path) -> tuple[list[str], list[Row]]:
    """The names of a table's columns, and its rows.

    A CSV file is separated by commas, semicolons or tabs, whichever its first line has most of.

    Raises:
        ReIDError: the file cannot be read, or a row has other cells than the first line has names.
    """
    return _read_parquet(table) if table.suffix.lower() in _PARQUET else _read_csv(table)


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
    if double := sorted({name for name in columns if columns.count(name) > 1}):
        raise ReIDError(f"{table} has several columns of the name {double[0]}.")
    return columns, rows


def _read_parquet(table: Path) -> tuple[list[str], list[Row]]:
    from pyarrow import parquet  # an extra, which few need

    if reason := not_a_file(table):
        raise ReIDError(f"{table} cannot be read: {reason}.")
    try:
        content = parquet.read_table(table)
        records = content.to_pylist()
    except Exception as error:  # pyarrow raises almost anything on a wrong file
        text = " ".join(str(error).split())[:200]
        raise ReIDError(f"{table} is damaged, or no Parquet file: {text}.") from error
    rows = [
        Row({name: _text(value) for name, value in record.items()}, f"{table}, row {number}")
        for number, record in enumerate(records, start=1)
    ]
    return list(content.column_names), rows


def _text(value: Any) -> str:
    if value is None or value != value:  # pandas writes NaN where there is nothing
        return ""
    return json.dumps(value) if isinstance(value, list) else str(value).strip()
