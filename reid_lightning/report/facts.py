"""What a score is of: said once for all rows where it is the same, else in a column."""

from collections.abc import Callable, Sequence
from typing import Any

from reid_lightning.report.rows import Row
from reid_lightning.results.costs import COST_TITLES, cost_text, differing_costs
from reid_lightning.results.runs import Run


def _steps(run: Run) -> str | None:
    steps = run.results.get("retrieval", "none" if "seed" in run.results else None)
    if steps is None:
        return None
    return "none" if steps == "none" else f"[{str(steps).replace('+', ', ')}]"


def _protocol(run: Run) -> str | None:
    cameras = run.results.get("cameras")
    if cameras is None:
        return None
    if isinstance(cameras, str):
        return "every other picture of a person is a match (no cameras)"
    return "matches are by another camera, as for Market-1501"


def _trained_on(run: Run) -> Any:
    return run.results.get("trained_on", run.results.get("data") if _is_training(run) else None)


def _is_training(run: Run) -> bool:
    return "epochs" in run.results or "seed" in run.results


def _number(name: str) -> Callable[[Run], str | None]:
    def text(run: Run) -> str | None:
        value = run.results.get(name)
        return None if value is None else f"{value:,.0f}"

    return text


FACTS: dict[str, Callable[[Run], Any]] = {
    "trained on": _trained_on,
    "scored on": lambda run: run.results.get("data"),
    "queries": _number("test/queries"),
    "gallery": _number("test/gallery"),
    "protocol": _protocol,
    "AP": lambda run: run.results.get("ap"),
    "distance": lambda run: run.results.get("distance"),
    "steps of retrieval": _steps,
    "validated on": lambda run: run.results.get("validated_on"),
    "seed": lambda run: run.results.get("seed"),
    "precision": lambda run: run.results.get("precision"),
}


def facts_of(rows: Sequence[Row]) -> tuple[dict[str, str], dict[str, list[str | None]]]:
    """The facts that all rows share, and those in which they differ, a text or none per row."""
    shared: dict[str, str] = {}
    differing: dict[str, list[str | None]] = {}
    for title, of in FACTS.items():
        texts = [_text(row, of) for row in rows]
        if len(set(texts)) > 1:
            differing[title] = texts
        elif texts and texts[0] is not None:
            shared[title] = texts[0]
    return shared, differing


def costs_of(rows: Sequence[Row]) -> dict[str, list[str | None]]:
    """What networks cost, by title, where rows differ in it."""
    results = [row.scored[0].results for row in rows]
    # Of trainings and evaluations alike: their images per second are of other work.
    names = [name for name in differing_costs(results) if name != "images_per_second"]
    return {COST_TITLES[n]: [cost_text(n, r.get(n)) or None for r in results] for n in names}


def _text(row: Row, of: Callable[[Run], Any]) -> str | None:
    values = dict.fromkeys(of(run) for run in row.scored)
    known = [str(value) for value in values if value is not None]
    return ", ".join(known) or None
