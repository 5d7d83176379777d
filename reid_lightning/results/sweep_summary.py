"""summary.csv: the table that a sweep ends with, what its jobs differ in and what they scored."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from reid_lightning.errors import ReIDError
from reid_lightning.files import replaced_atomically
from reid_lightning.metrics.summary import score_names
from reid_lightning.results.costs import COST_TITLES, cost_text, differing_costs
from reid_lightning.results.metrics_json import read_results
from reid_lightning.results.overrides import differing_keys, read_overrides
from reid_lightning.results.status import read_status
from reid_lightning.results.sweep_groups import group_columns, has_seeds, row_groups

SUMMARY_FILE = "summary.csv"
_OTHER_COLUMNS = (*COST_TITLES, "validated_on", "status", "folder")


def sweep_rows(folder: Path) -> list[dict[str, Any]]:
    """A row per job, the best first: the overrides that jobs differ in, scores, status, folder.

    Where their networks differ in what they cost, that stands beside the scores.
    Jobs are ordered by val/mAP, those without one by test/mAP. Only a finished job has scores:
    those in the folder of another one are of an earlier training. The status of a job with a file
    that cannot be read says which.
    """
    named = (p for p in folder.glob("**/.hydra") if os.path.lexists(p / "overrides.yaml"))
    jobs = sorted(p.parent for p in named)
    read = [_read_job(job) for job in jobs]
    keys = differing_keys([overrides for overrides, *_ in read])
    tests = {k: None for *_, results in read for k in results if k.startswith("test/")}
    names = score_names(key.removeprefix("test/") for key in tests)
    costs = differing_costs([results for *_, results in read])
    columns = ["val/mAP", *(f"test/{name}" for name in names), *costs, "validated_on"]
    rows = []
    for job, (overrides, status, results) in zip(jobs, read, strict=True):
        row: dict[str, Any] = {key: overrides.get(key, "") for key in keys}
        row |= {name: results.get(name) for name in columns}
        rows.append(row | {"status": status, "folder": str(job.relative_to(folder))})
    return sorted(rows, key=_order_score, reverse=True)


def _read_job(job: Path) -> tuple[dict[str, str], str, dict[str, Any]]:
    """A job's overrides, status and results."""
    overrides: dict[str, str] = {}
    try:
        overrides = read_overrides(job)
        status = read_status(job)
        return overrides, status, read_results(job / "metrics.json") if status == "finished" else {}
    except ReIDError as error:
        return overrides, f"cannot be read: {error}", {}


def swept_keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The overrides that the jobs of `rows` differ in."""
    return [name for name in rows[0] if not _is_score(name) and name not in _OTHER_COLUMNS]


def write_summary(folder: Path) -> list[dict[str, Any]]:
    """Write `summary.csv` into a sweep's folder; returns its rows, none if no job was started.

    Where runs differ by their seed alone, the file has `group_columns`, too.
    """
    rows = sweep_rows(folder)
    if rows:
        groups = row_groups(folder, rows)
        more = group_columns(groups, filter(_is_score, rows[0])) if has_seeds(groups) else {}
        written = [row | more.get(row["folder"], {}) for row in rows]
        with (
            replaced_atomically(folder / SUMMARY_FILE) as partial,
            partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            writer = csv.DictWriter(file, written[0])
            writer.writeheader()
            writer.writerows(written)
    return rows


def sweep_table(rows: Sequence[Mapping[str, Any]], best: bool = False) -> str:
    """The rows as text: scores in per cent, columns without any score left out.

    Args:
        rows: of `write_summary`.
        best: mark the first row.
    """
    always = [*swept_keys(rows), "status", "folder"]
    names = [n for n in rows[0] if n in always or any(row[n] is not None for row in rows)]
    cells = [[_cell(name, row[name]) for name in names] for row in rows]
    titles = [COST_TITLES.get(name, name.removeprefix("test/")) for name in names]
    if best:
        titles, cells = ["", *titles], [["*" if n == 0 else "", *c] for n, c in enumerate(cells)]
    return tabulate(cells, titles, tablefmt="simple")


def _order_score(row: Mapping[str, Any]) -> float:
    scores = (row["val/mAP"], row["test/mAP"], 0.0)
    return next(float(score) for score in scores if score is not None)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in COST_TITLES:
        return cost_text(name, value)
    return f"{value:.1%}" if _is_score(name) else str(value)


def _is_score(column: str) -> bool:
    return column.startswith(("val/", "test/"))
