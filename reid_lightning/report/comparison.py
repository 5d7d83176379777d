"""The two tables of a report: what several runs scored, and what they were set to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from reid_lightning.results.runs import Run
from reid_lightning.results.sweep_summary import differing

_SCORES = ("rank1", "rank5", "rank10", "mAP", "mINP")
_HEADS = {"rank1": "Rank-1", "rank5": "Rank-5", "rank10": "Rank-10"}
_NOTHING = "–"


class Cell(NamedTuple):
    """A table's cell: what it says, and how it is shown (`best`, `text` or as a number)."""

    text: str
    kind: str = ""


class Table(NamedTuple):
    """A table's column heads and rows."""

    head: list[Cell]
    rows: list[list[Cell]]


def scores_of(runs: Sequence[Run]) -> Table:
    """A row a run that has scores, the best first: by val/mAP, or by test/mAP.

    Which of the two depends on whether all runs were validated on the same. The best of a column is
    marked where all its scores can be compared.
    """
    scored = [run for run in runs if run.results]
    values = [run.results.get("val/mAP") for run in scored]
    validated = _same(scored, "validated_on") and None not in values
    order = "val/mAP" if validated else "test/mAP"
    scored.sort(key=lambda run: -run.results[order])
    aps = sorted({str(run.results.get("ap")) for run in scored})
    named = f" ({aps[0]} AP)" if len(aps) == 1 else ""
    keys = [f"test/{name}" for name in _SCORES]
    heads = [_HEADS.get(n, n + named if n == "mAP" else n) for n in _SCORES]
    if any(value is not None for value in values):
        keys, heads = [*keys, "val/mAP"], [*heads, "val/mAP"]
    tested = _same(scored, "data", "ap", "test/queries", "test/gallery")
    alike = {key: tested and (validated or key != "val/mAP") and len(scored) > 1 for key in keys}
    best = {k: max((run.results.get(k) or 0.0 for run in scored), default=0.0) for k in keys}
    texts = {"validated_on": "validated on", "data": "data", "retrieval": "retrieval"}
    texts |= {} if named else {"ap": "AP"}
    texts = {k: h for k, h in texts.items() if any(run.results.get(k) for run in scored)}
    rows = []
    for run in scored:
        row = [Cell(run.name)]
        for key in keys:
            value = run.results.get(key)
            shown = _NOTHING if value is None else f"{100 * value:.1f}"
            row.append(Cell(shown, "best" if alike[key] and value and value == best[key] else ""))
        row += [Cell(str(run.results.get(key) or _NOTHING), "text") for key in texts]
        row += [Cell(_minutes(run.results)), Cell(str(run.results.get("seed", _NOTHING)))]
        rows.append(row)
    numbers, words = [Cell(h) for h in ("run", *heads)], [Cell(h, "text") for h in texts.values()]
    return Table([*numbers, *words, Cell("minutes"), Cell("seed")], rows)


def settings_of(runs: Sequence[Run]) -> Table:
    """The settings that the runs differ in, a column a run; of a single run all that it has."""
    given = [{key: str(value) for key, value in run.config.items()} for run in runs]
    keys = differing(given) if len(runs) > 1 else list(given[0])
    rows = [[Cell(key), *(Cell(one.get(key, _NOTHING), "text") for one in given)] for key in keys]
    return Table([Cell("setting"), *(Cell(run.name, "text") for run in runs)], rows)


def _same(runs: Sequence[Run], *keys: str) -> bool:
    """Whether all runs have the same of each of these results."""
    return len({tuple(run.results.get(key) for key in keys) for run in runs}) <= 1


def _minutes(results: dict[str, Any]) -> str:
    seconds = results.get("seconds")
    return _NOTHING if seconds is None else f"{seconds / 60:.1f}"
