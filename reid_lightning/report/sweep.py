"""The one table that a sweep ends with: what its jobs differ in, and what they scored."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from tabulate import tabulate

FILE = "summary.csv"
_SCORES = ("val/mAP", "test/rank1", "test/rank5", "test/rank10", "test/mAP", "test/mINP")


def sweep_rows(folder: Path) -> list[dict[str, Any]]:
    """A row a job, the best first: the overrides that jobs differ in, scores, status, folder.

    Jobs are ordered by val/mAP, those without one by test/mAP. The status is `finished`, or the
    last error that the job's log tells.
    """
    jobs = sorted(p.parent.parent for p in folder.glob("**/.hydra/overrides.yaml"))
    given = [dict(o.split("=", 1) for o in _overrides(job) if "=" in o) for job in jobs]
    keys = [k for k in dict.fromkeys(k for g in given for k in g) if _differ(k, given)]
    rows = []
    for job, overrides in zip(jobs, given, strict=True):
        path = job / "metrics.json"
        told = json.loads(path.read_text()) if path.is_file() else {}
        row: dict[str, Any] = {key: overrides.get(key, "") for key in keys}
        row |= {name: told.get(name) for name in _SCORES}
        status = "finished" if told else _error(job)
        rows.append(row | {"status": status, "folder": str(job.relative_to(folder))})
    return sorted(rows, key=lambda r: -(r["val/mAP"] or r["test/mAP"] or 0.0))


def write_summary(folder: Path) -> list[dict[str, Any]]:
    """Write `summary.csv` into a sweep's folder; returns its rows, none where nothing was run."""
    rows = sweep_rows(folder)
    if rows:
        with (folder / FILE).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return rows


def sweep_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a person reads them: scores in per cent, columns without any score left out."""
    names = [n for n in rows[0] if n not in _SCORES or any(r[n] is not None for r in rows)]
    cells = [[_cell(name, row[name]) for name in names] for row in rows]
    return tabulate(cells, [n.removeprefix("test/") for n in names], tablefmt="simple")


def _cell(name: str, value: Any) -> str:
    if name in _SCORES:
        return "" if value is None else f"{value:.1%}"
    return str(value)


def _overrides(job: Path) -> list[str]:
    overrides: list[str] = yaml.safe_load((job / ".hydra" / "overrides.yaml").read_text())
    return overrides


def _differ(key: str, given: Sequence[dict[str, str]]) -> bool:
    return len({overrides.get(key) for overrides in given}) > 1


def _error(job: Path) -> str:
    """The last error in the job's logs; `unfinished` where none is told."""
    lines = [line for log in sorted(job.glob("*.log")) for line in log.read_text().splitlines()]
    errors = [line.split("Error: ", 1)[1] for line in lines if "Error: " in line]
    return f"failed: {errors[-1]}" if errors else "unfinished"
