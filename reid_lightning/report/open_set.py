"""The table of open-set scores: errors, of which less is better, and so in no other table."""

from collections.abc import Sequence

from reid_lightning.report.figures.style import row_color
from reid_lightning.report.intervals import score_cell, score_of
from reid_lightning.report.rows import Row
from reid_lightning.report.table import Cell, Table

OPEN_SET = "test/openset/"
_TITLES = {
    **{
        f"FNIR_rank{rank}_FPIR{rate}": f"FNIR at FPIR {rate}%, rank {rank}"
        for rank in (1, 20)
        for rate in (1, 10)
    },
    **{f"TAR_FAR{rate}": f"TAR at FAR {rate}%" for rate in ("1", "0.1")},
}


def open_set_scores(rows: Sequence[Row]) -> Table:
    """A row for each of `rows` with an open set; no rows where none has.

    Args:
        rows: that have scores, in the order of the table.
    """
    lines = []
    for row in rows:
        scores = [score_of(row, OPEN_SET + name) for name in _TITLES]
        if any(scores):
            name = Cell(row.name, style="name", color=row_color(row.number))
            lines.append([name, *map(score_cell, scores)])
    head = [Cell("run", style="name"), *map(Cell, _TITLES.values())]
    return Table(head, lines, "openset.csv")
