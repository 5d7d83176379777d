"""What networks cost, where several runs are compared: only if they differ in it."""

from collections.abc import Mapping, Sequence
from typing import Any

COST_TITLES = {
    "parameters": "parameters",
    "gmacs": "GMACs",
    "embedding_size": "embedding",
    "images_per_second": "images/s",
}


def differing_costs(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """The costs that differ, and the speed beside them; none where all networks cost the same.

    Args:
        results: of each run, as in its metrics.json; empty of a run without.
    """
    *sizes, speed = COST_TITLES
    values = {name: {run[name] for run in results if run.get(name) is not None} for name in sizes}
    differing = [name for name in sizes if len(values[name]) > 1]
    return [*differing, speed] if differing else []


def cost_text(name: str, value: float | None) -> str:
    """A cost as a table shows it; empty where it is not known."""
    if value is None:
        return ""
    return format(value, {"gmacs": ".3g", "images_per_second": ",.1f"}.get(name, ",.0f"))
