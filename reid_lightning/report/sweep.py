"""The one table that a sweep ends with: what its jobs differ in, and what they scored."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from tabulate import tabulate

FILE = "summary.csv"
FINISHED = "finished"
_SCORES = ("val/mAP", "test/rank1", "test/rank5", "test/rank10", "test/mAP", "test/mINP")
_OTHERS = ("validated_on", "status", "folder")
_ERROR = re.compile(r"^(?:\[[^]]*\] )?Error: (.*)$", re.MULTILINE)
# What a log tells where a job went on or ended well: errors before it are past.
_TURN = re.compile(r"Going on with the run in |Results: |The run in .* is finished: ")


def sweep_rows(folder: Path) -> list[dict[str, Any]]:
    """A row a job, the best first: the overrides that jobs differ in, scores, status, folder.

    Jobs are ordered by val/mAP, those without one by test/mAP. The status is `finished`, or the
    last error that the job's log tells: then scores that it may have are of an earlier job.
    """
    jobs = sorted(p.parent.parent for p in folder.glob("**/.hydra/overrides.yaml"))
    given = [_overrides(job) for job in jobs]
    keys = [k for k in dict.fromkeys(k for g in given for k in g) if _differ(k, given)]
    rows = []
    for job, overrides in zip(jobs, given, strict=True):
        path, error = job / "metrics.json", _error(job)
        told = json.loads(path.read_text()) if path.is_file() and not error else {}
        row: dict[str, Any] = {key: overrides.get(key, "") for key in keys}
        row |= {name: told.get(name) for name in (*_SCORES, "validated_on")}
        status = f"failed: {error}" if error else FINISHED if told else "unfinished"
        rows.append(row | {"status": status, "folder": str(job.relative_to(folder))})
    return sorted(rows, key=lambda r: -(r["val/mAP"] or r["test/mAP"] or 0.0))


def swept_keys(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The overrides that the jobs of `rows` differ in."""
    return [name for name in rows[0] if name not in _SCORES + _OTHERS]


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
    shared = [*swept_keys(rows), "status", "folder"]
    names = [n for n in rows[0] if n in shared or any(r[n] is not None for r in rows)]
    cells = [[_cell(name, row[name]) for name in names] for row in rows]
    return tabulate(cells, [n.removeprefix("test/") for n in names], tablefmt="simple")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if name in _SCORES else str(value)


def _overrides(job: Path) -> dict[str, str]:
    """What the job was given; not that it was resumed, which says nothing of it."""
    lines: list[str] = yaml.safe_load((job / ".hydra" / "overrides.yaml").read_text())
    pairs = [line.partition("=") for line in lines]
    return {key: value for key, sign, value in pairs if sign and key != "resume"}


def _differ(key: str, given: Sequence[dict[str, str]]) -> bool:
    return len({overrides.get(key) for overrides in given}) > 1


def _error(job: Path) -> str | None:
    """The last error in the job's logs, where it is the last thing that happened.

    That another process failed is told only where that process did not say why.
    """
    logs = [_TURN.split(path.read_text())[-1] for path in sorted(job.glob("*.log"))]
    errors: list[str] = [error for log in logs for error in _ERROR.findall(log)]
    own = [error for error in errors if not error.endswith("ended with an error, told above.")]
    return (own or errors)[-1] if errors else None
