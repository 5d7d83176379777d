"""The rows of a sweep's summary that differ by their seed alone, as one: mean and spread."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from tabulate import tabulate

from reid_lightning.results.groups import seed_groups

_SHOWN = {"val/mAP": "val/mAP", "test/rank1": "rank1", "test/mAP": "mAP"}  # and its title

Row = Mapping[str, Any]


class RowGroup(NamedTuple):
    """Rows of runs that differ by their seed alone, in the order of the summary."""

    rows: list[Row]

    def values(self, score: str) -> list[float]:
        """The score of each run that has one."""
        return [row[score] for row in self.rows if row.get(score) is not None]

    def order_score(self) -> float:
        """The mean that groups are ordered by, as their runs are."""
        known = [self.values(score) for score in ("val/mAP", "test/mAP")]
        return next((mean(values) for values in known if values), 0.0)


def row_groups(folder: Path, rows: Sequence[Row]) -> list[RowGroup]:
    """The groups of a sweep's rows, the best mean first.

    Args:
        folder: of the sweep.
        rows: of its summary.
    """
    by_folder = {folder / row["folder"]: row for row in rows}
    groups = [
        RowGroup([by_folder[run.folder] for run in group]) for group in seed_groups(by_folder)
    ]
    return sorted(groups, key=lambda group: group.order_score(), reverse=True)


def has_seeds(groups: Sequence[RowGroup]) -> bool:
    """Whether any group is of several runs."""
    return any(len(group.rows) > 1 for group in groups)


def group_columns(groups: Sequence[RowGroup], scores: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What `summary.csv` says of the group of each run, by the run's folder.

    `group` counts from 1, the best first; `seeds` is how many of its runs have scores; `mean/…` and
    `std/…` are of these, the sample's standard deviation, empty with less than two.
    """
    columns: dict[str, dict[str, Any]] = {}
    names = list(scores)
    for number, group in enumerate(groups, start=1):
        known = {score: group.values(score) for score in names}
        column: dict[str, Any] = {"group": number, "seeds": len(group.values("test/mAP"))}
        for score, values in known.items():
            column[f"mean/{score}"] = mean(values) if values else None
            column[f"std/{score}"] = stdev(values) if len(values) > 1 else None
        columns |= {row["folder"]: column for row in group.rows}
    return columns


def group_table(groups: Sequence[RowGroup], keys: Sequence[str], best: bool = False) -> str:
    """A row per group as text: mean ± standard deviation in per cent, and the number of seeds.

    Args:
        groups: the best first.
        keys: what the runs differ in; those that vary within a group are left out.
        best: mark the first group.
    """
    kept = [k for k in keys if all(len({row[k] for row in g.rows}) == 1 for g in groups)]
    shown = [score for score in _SHOWN if any(group.values(score) for group in groups)]
    table = [
        [
            *(["*" if best and number == 0 else ""] if best else []),
            *(str(group.rows[0][key]) for key in kept),
            *(_mean_and_spread(group.values(score)) for score in shown),
            len(group.values("test/mAP")),
            ", ".join(sorted(row["folder"] for row in group.rows)),
        ]
        for number, group in enumerate(groups)
    ]
    titles = [*([""] if best else []), *kept, *(_SHOWN[s] for s in shown), "seeds", "folders"]
    return tabulate(table, titles, tablefmt="simple", disable_numparse=True)


def _mean_and_spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    spread = f" ± {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{mean(values):.1%}{spread}"
