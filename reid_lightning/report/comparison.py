"""The two tables of a report: the scores of several runs, and their settings."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from reid_lightning.metrics.summary import SCORE_TITLES, score_names
from reid_lightning.results.costs import COST_TITLES, cost_text, differing_costs
from reid_lightning.results.overrides import differing_keys
from reid_lightning.results.runs import Run

_NO_VALUE = "–"


class Cell(NamedTuple):
    """A table's cell: its text, and its style (`best`, `text`, or empty for a number)."""

    text: str
    style: str = ""


class Table(NamedTuple):
    """A table's column titles and rows."""

    head: list[Cell]
    rows: list[list[Cell]]


def compare_scores(runs: Sequence[Run]) -> Table:
    """A row per run that has scores, the best first.

    Runs are sorted by val/mAP if all were validated on the same identities, else by test/mAP. The
    best score of a column is marked if all its scores can be compared.
    """
    scored = [run for run in runs if run.results]
    values = [run.results.get("val/mAP") for run in scored]
    validated = _same(scored, "validated_on") and None not in values
    order = "val/mAP" if validated else "test/mAP"
    scored.sort(key=lambda run: -run.results[order])
    aps = sorted({str(run.results.get("ap")) for run in scored})
    ap_title = f" ({aps[0]} AP)" if len(aps) == 1 else ""
    tests = [
        k.removeprefix("test/") for run in scored for k in run.results if k.startswith("test/")
    ]
    titles = {f"test/{n}": SCORE_TITLES.get(n, n) for n in score_names(dict.fromkeys(tests))}
    titles["test/mAP"] += ap_title
    if any(value is not None for value in values):
        titles["val/mAP"] = "val/mAP"
    tested = _same(scored, "data", "ap", "test/queries", "test/gallery")
    best = {k: max((run.results.get(k) or 0.0 for run in scored), default=0.0) for k in titles}
    texts = {"validated_on": "validated on", "data": "data"}
    texts |= {"trained_on": "trained on", "retrieval": "retrieval"}
    texts |= {} if ap_title else {"ap": "AP"}
    texts = {k: t for k, t in texts.items() if any(run.results.get(k) for run in scored)}
    # Of trainings and evaluations alike: their images per second are of other work.
    costs = [n for n in differing_costs([r.results for r in scored]) if n != "images_per_second"]
    rows = []
    for run in scored:
        row = [Cell(run.name)]
        for key in titles:
            value = run.results.get(key)
            comparable = tested and (validated or key != "val/mAP") and len(scored) > 1
            style = "best" if comparable and value and value == best[key] else ""
            row.append(Cell(_NO_VALUE if value is None else f"{100 * value:.1f}", style))
        row += [Cell(str(run.results.get(key) or _NO_VALUE), "text") for key in texts]
        row += [Cell(cost_text(key, run.results.get(key)) or _NO_VALUE) for key in costs]
        row += [Cell(_minutes(run.results)), Cell(str(run.results.get("seed", _NO_VALUE)))]
        rows.append(row)
    head = [Cell("run"), *map(Cell, titles.values()), *(Cell(t, "text") for t in texts.values())]
    head += [Cell(COST_TITLES[key]) for key in costs]
    return Table([*head, Cell("minutes"), Cell("seed")], rows)


def compare_settings(runs: Sequence[Run]) -> Table:
    """The settings that the runs differ in, a column per run; of a single run all settings."""
    settings = [{key: str(value) for key, value in run.config.items()} for run in runs]
    keys = differing_keys(settings) if len(runs) > 1 else list(settings[0])
    rows = [[Cell(k), *(Cell(s.get(k, _NO_VALUE), "text") for s in settings)] for k in keys]
    return Table([Cell("setting"), *(Cell(run.name, "text") for run in runs)], rows)


def _same(runs: Sequence[Run], *keys: str) -> bool:
    """Whether each of these results is the same in all runs."""
    return len({tuple(run.results.get(key) for key in keys) for run in runs}) <= 1


def _minutes(results: dict[str, Any]) -> str:
    seconds = results.get("seconds")
    return _NO_VALUE if seconds is None else f"{seconds / 60:.1f}"
