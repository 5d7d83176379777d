"""The tables that a sweep ends with, and whether its first row is better than its second."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.comparison.best import Lead, lead_of_first
from reid_lightning.comparison.text import interval_text, points_text
from reid_lightning.results.sweep_groups import RowGroup, group_table, has_seeds, row_groups
from reid_lightning.results.sweep_summary import sweep_table, swept_keys


class SweepText(NamedTuple):
    """The text, and the folders of the first two settings where they could be compared."""

    text: str
    first_two: tuple[list[Path], list[Path]] | None


def sweep_text(folder: Path, rows: Sequence[Mapping[str, Any]]) -> SweepText:
    """The tables of a sweep: of settings where runs differ by their seed alone, and of all runs.

    The first is marked as the best only if its lead over the second is not due to chance.

    Args:
        folder: of the sweep.
        rows: of its summary, the best first.
    """
    groups = row_groups(folder, rows)
    first_two = _finished(folder, groups[:2])
    lead = lead_of_first(*first_two) if first_two else None
    best, keys = lead is not None and lead.is_clear, swept_keys(rows)
    if has_seeds(groups):
        table = group_table(groups, keys, best=best)
        runs = sweep_table(rows)
        parts = ["Mean ± standard deviation over seeds:", table, "Every run:", runs]
    else:
        parts = [sweep_table(rows, best=best)]
    if lead is None:
        return SweepText("\n\n".join(parts), None)
    return SweepText("\n\n".join([*parts, _sentence(lead)]), first_two)


def _finished(folder: Path, groups: Sequence[RowGroup]) -> tuple[list[Path], list[Path]] | None:
    """The folders of two groups' runs that have scores; None where one has none."""
    runs = [
        sorted(folder / row["folder"] for row in group.rows if row["test/mAP"] is not None)
        for group in groups
    ]
    return (runs[0], runs[1]) if len(runs) == 2 and all(runs) else None


def _sentence(lead: Lead) -> str:
    interval = f"95% interval over {lead.over}: {interval_text(lead.interval)}"
    if lead.is_clear:
        ahead = f"{points_text(lead.difference)} points of mAP ahead of the second"
        return f"* The best: {ahead} ({interval})."
    return (
        f"None is marked as the best: the first is {points_text(lead.difference)} points of mAP "
        f"from the\nsecond ({interval})."
    )
