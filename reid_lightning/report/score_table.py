"""The table of scores: a row per experiment, and one per run below it."""

from collections.abc import Sequence
from statistics import fmean

from reid_lightning.metrics.summary import SCORE_TITLES, score_names
from reid_lightning.report.facts import costs_of, facts_of
from reid_lightning.report.figures.style import row_color
from reid_lightning.report.intervals import Score, best_of, score_cell, score_of
from reid_lightning.report.open_set import OPEN_SET
from reid_lightning.report.rows import Row
from reid_lightning.report.table import NO_VALUE, Cell, Table

_ORDER = ("val/mAP", "test/mAP")


def order_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that have scores, the best first.

    They are ordered by val/mAP if all were validated on the same identities, else by test/mAP.
    """
    scored = [row for row in rows if row.scored]
    key = order_key(scored)
    return sorted(scored, key=lambda row: -fmean(row.values(key)))


def order_key(rows: Sequence[Row]) -> str:
    """The score that rows are ordered by."""
    return _ORDER[0] if _validated_alike(rows) else _ORDER[1]


def compare_scores(rows: Sequence[Row]) -> Table:
    """A row for each of `rows`, in this order, with what they differ in.

    The best score of a column is marked if all of them can be compared and its interval is above
    every other one's (`best_of`).

    Args:
        rows: that have scores, of `order_rows`.
    """
    titles = _titles(rows)
    columns = {key: [score_of(row, key) for row in rows] for key in titles}
    comparable = _scored_alike(rows)
    cells: list[list[Cell]] = [
        [Cell(row.name, style="name", color=row_color(row.number))] for row in rows
    ]
    for key, scores in columns.items():
        alike = _validated_alike(rows) if key == "val/mAP" else comparable
        best = best_of(scores) if alike else None
        for number, score in enumerate(scores):
            cells[number].append(score_cell(score, number == best))
    head = [Cell("run", style="name"), *map(Cell, titles.values())]
    if any(len(row.scored) > 1 for row in rows):
        head.append(Cell("runs"))
        for row, line in zip(rows, cells, strict=True):
            line.append(Cell(str(len(row.scored)), len(row.scored)))
    texts = facts_of(rows)[1]
    for title, column in (texts | costs_of(rows)).items():
        is_text = title in texts
        head.append(Cell(title, style="text" if is_text else ""))
        for line, text in zip(cells, column, strict=True):
            line.append(Cell(text or NO_VALUE, style="text" if is_text else ""))
    head.append(Cell("minutes"))
    for row, line in zip(rows, cells, strict=True):
        line.append(_minutes(row))
    return Table(head, cells, "scores.csv").without_empty_columns()


def list_runs(rows: Sequence[Row]) -> Table:
    """A row per run; none where every experiment has one run alone."""
    if all(len(row.scored) <= 1 for row in rows):
        return Table([], [])
    titles = _titles(rows)
    lines = []
    for row in rows:
        for run in row.scored:
            values = [run.results.get(key) for key in titles]
            scores = [score_cell(None if v is None else Score(v, None, v, v)) for v in values]
            color = row_color(row.number)
            lines.append([Cell(run.name, style="name", color=color), *scores])
    return Table([Cell("run", style="name"), *map(Cell, titles.values())], lines, "runs.csv")


def _titles(rows: Sequence[Row]) -> dict[str, str]:
    """The scores that there are, with their titles."""
    keys = {key: None for row in rows for run in row.scored for key in run.results}
    tests = [
        key.removeprefix("test/")
        for key in keys
        if key.startswith("test/") and not key.startswith(OPEN_SET)
    ]
    titles = {f"test/{n}": SCORE_TITLES.get(n, n) for n in score_names(dict.fromkeys(tests))}
    return titles | ({"val/mAP": "val/mAP"} if any(row.values("val/mAP") for row in rows) else {})


def _minutes(row: Row) -> Cell:
    seconds = row.values("seconds")
    return Cell(f"{fmean(seconds) / 60:.1f}", fmean(seconds) / 60) if seconds else Cell(NO_VALUE)


def _scored_alike(rows: Sequence[Row]) -> bool:
    keys = ("data", "ap", "test/queries", "test/gallery")
    return len({tuple(run.results.get(k) for k in keys) for r in rows for run in r.scored}) <= 1


def _validated_alike(rows: Sequence[Row]) -> bool:
    runs = [run for row in rows for run in row.scored]
    known = all(run.results.get("val/mAP") is not None for run in runs)
    return known and len({run.results.get("validated_on") for run in runs}) <= 1
