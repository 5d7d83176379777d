"""Two rows of a report compared: scores with intervals, a verdict, and the queries that moved."""

from collections.abc import Iterator, Sequence
from typing import Any

from reid_lightning.comparison.compare import Comparison, compare
from reid_lightning.comparison.moved import MovedQuery
from reid_lightning.comparison.text import interval_text, meaning, points_text, verdicts
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.summary import SCORE_TITLES
from reid_lightning.report.picture import ShownList, shown_list
from reid_lightning.report.retrieved_lists import has_lists, query_list
from reid_lightning.report.rows import Row
from reid_lightning.report.table import Cell, Table

_MOST_MOVED = 3  # queries that won, and that lost
_SHOWN = 6  # results of each


def compare_rows(rows: Sequence[Row]) -> dict[str, Any] | None:
    """The comparison of exactly two rows with scores, for page.html; None of others.

    Where they cannot be compared, its `notes` say why.
    """
    scored = [row for row in rows if row.scored]
    if len(scored) != 2:
        return None
    a, b = scored
    part: dict[str, Any] = {"a": a, "b": b, "table": Table([], [])}
    part |= {"verdicts": [], "notes": [], "moved": []}
    try:
        comparison = compare(a=_folders(a), b=_folders(b))
    except ReIDError as error:
        return part | {"notes": [f"They cannot be compared query by query: {error}"]}
    part |= {"table": _table(comparison), "verdicts": verdicts(comparison)}
    counts = (comparison.won, comparison.lost, comparison.tied)
    part["notes"] = [
        *meaning(comparison),
        "Queries: {:,} won by B, {:,} lost, {:,} tied.".format(*counts),
    ]
    if all(has_lists(row.scored[0]) for row in scored):
        try:
            part["moved"] = list(_moved(comparison, a, b))
        except ReIDError as error:
            part["notes"].append(f"The queries that moved cannot be shown: {error}")
    return part


def _table(comparison: Comparison) -> Table:
    several = any(d.over_seeds for d in comparison.differences.values())
    head = ["score", "A", "B", "B − A", "over identities"]
    head += ["over seeds"] if several else []
    rows = []
    for name, d in comparison.differences.items():
        row = [Cell(SCORE_TITLES[name], style="name")]
        row += [Cell(f"{100 * x:.1f}", x) for x in (d.a, d.b)]
        row += [Cell(points_text(d.difference), d.difference)]
        row += [Cell(interval_text(d.over_identities))]
        row += [Cell(interval_text(d.over_seeds))] if several else []
        rows.append(row)
    titles = [Cell(title, style="name" if title == "score" else "") for title in head]
    return Table(titles, rows, "difference.csv")


def _moved(comparison: Comparison, a: Row, b: Row) -> Iterator[tuple[str, list[ShownList]]]:
    """The queries that moved most: a heading, and the list of each row's first run."""
    won = [query for query in comparison.moved if query.gain > 0][:_MOST_MOVED]
    lost = [query for query in comparison.moved if query.gain < 0][:_MOST_MOVED]
    for moved in (*won, *lost):
        better = "B" if moved.gain > 0 else "A"
        heading = f"Person {moved.query.pid}, better in {better}: {moved.query.picture}"
        yield heading, [_list(a, "A", moved, moved.ap_a), _list(b, "B", moved, moved.ap_b)]


def _list(row: Row, letter: str, moved: MovedQuery, ap: float) -> ShownList:
    run = row.scored[0]
    assert run.queries is not None
    title = f"{letter}: AP {ap:.1%}"
    title += (
        f", mean of {len(row.scored)} runs; results of {run.name}" if len(row.scored) > 1 else ""
    )
    number = run.queries.queries.index(moved.query)
    return shown_list(query_list(run, number, title, _SHOWN))


def _folders(row: Row) -> list[str]:
    return [str(run.folder) for run in row.scored]
