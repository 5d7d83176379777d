"""The one table that a sweep ends with: what its jobs differ in, and what they scored."""

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
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
    given = [overrides_of(job) for job in jobs]
    keys = differing(given)
    rows = []
    for job, overrides in zip(jobs, given, strict=True):
        status = status_of(job)
        told = json.loads((job / "metrics.json").read_text()) if status == FINISHED else {}
        row: dict[str, Any] = {key: overrides.get(key, "") for key in keys}
        row |= {name: told.get(name) for name in (*_SCORES, "validated_on")}
        rows.append(row | {"status": status, "folder": str(job.relative_to(folder))})
    return sorted(rows, key=lambda row: -_order(row))


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


def _order(row: Mapping[str, Any]) -> float:
    scores = (row["val/mAP"], row["test/mAP"], 0.0)
    return next(float(score) for score in scores if score is not None)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if name in _SCORES else str(value)


def status_of(job: Path) -> str:
    """`finished`, `unfinished`, or `failed: …`.

    A job that went on after it had been scored, for longer, is unfinished until it is scored anew.
    """
    if error := _error(job):
        return f"failed: {error}"
    turns = [turn for path in job.glob("*.log") for turn in _TURN.findall(path.read_text())[-1:]]
    scored = (job / "metrics.json").is_file() and not any(t.startswith("Going on") for t in turns)
    return FINISHED if scored else "unfinished"


def overrides_of(job: Path) -> dict[str, str]:
    """What the job was given; not that it was resumed, which says nothing of it."""
    path = job / ".hydra" / "overrides.yaml"
    lines: list[str] = (yaml.safe_load(path.read_text()) if path.is_file() else None) or []
    pairs = [line.partition("=") for line in lines]
    return {key: value for key, sign, value in pairs if sign and key != "resume"}


def differing(given: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys that are not the same in all of `given`."""
    keys = dict.fromkeys(key for overrides in given for key in overrides)
    return [key for key in keys if len({overrides.get(key) for overrides in given}) > 1]


def is_number(text: str) -> bool:
    """Whether an override's value is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _error(job: Path) -> str | None:
    """The last error in the job's logs, where it is the last thing that happened.

    That another process failed is told only where that process did not say why.
    """
    logs = [_TURN.split(path.read_text())[-1] for path in sorted(job.glob("*.log"))]
    errors: list[str] = [error for log in logs for error in _ERROR.findall(log)]
    own = [error for error in errors if not error.endswith("ended with an error, told above.")]
    return (own or errors)[-1] if errors else None
