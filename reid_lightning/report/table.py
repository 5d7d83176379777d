"""A table of the page: sorted by a click, and saved as CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reid_lightning.files import replaced_atomically

NO_VALUE = "–"


class Cell(NamedTuple):
    """A cell: its text, the number behind it, and what it is (`best`, `text`, or empty)."""

    text: str
    value: float | None = None
    deviation: float | None = None
    style: str = ""
    color: str = ""  # of a row's lines in all figures


class Table(NamedTuple):
    """Column titles and rows; `file` is the name of its CSV file."""

    head: list[Cell]
    rows: list[list[Cell]]
    file: str = ""

    def without_empty_columns(self) -> "Table":
        """The table without columns in which no row has a value."""
        kept = [n for n in range(len(self.head)) if any(r[n].text != NO_VALUE for r in self.rows)]
        head, *rows = ([row[n] for n in kept] for row in (self.head, *self.rows))
        return Table(head, rows, self.file)


def csv_text(table: Table) -> str:
    """The table as CSV: numbers unrounded, a standard deviation in a column of its own."""
    columns = []
    for title, *cells in zip(table.head, *table.rows, strict=True):
        columns.append([title.text, *(_plain(cell) for cell in cells)])
        if any(cell.deviation is not None for cell in cells):
            deviations = ["" if c.deviation is None else str(c.deviation) for c in cells]
            columns.append([f"{title.text} sd", *deviations])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue()


def save_tables(tables: Sequence[Table], folder: Path) -> None:
    """Write the CSV files of the tables that have a name."""
    for table in tables:
        if table.file and table.rows:
            with replaced_atomically(folder / table.file) as partial:
                partial.write_text(csv_text(table), encoding="utf-8", errors="backslashreplace")


def _plain(cell: Cell) -> str:
    if cell.value is not None:
        return str(cell.value)
    return "" if cell.text == NO_VALUE else cell.text
