"""`metrics.csv`: what a run logs, a row each time."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only


class MetricsCSV(Logger):
    """Writes every row at once, so that a kill leaves all rows that a checkpoint has seen.

    Lightning's `CSVLogger` deletes what is there, and rewrites the file in place for a new column.

    Args:
        save_dir: the run's folder.
        resume_step: steps that a resumed run has trained; rows of later ones are written anew.
    """

    def __init__(self, save_dir: str | Path, resume_step: int | None = None) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self.rows = [] if resume_step is None else rows_before(self.path, resume_step)
        self.columns: list[str] = []  # as written by us: none yet

    @property
    def name(self) -> str:
        """There is one a run, and it needs no name."""
        return ""

    @property
    def version(self) -> str:
        """Nor a version."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self.path.parent)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the composed configuration is in the folder already."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write a row."""
        row = {**metrics, "step": step}
        self.rows.append(row)
        if row.keys() <= set(self.columns):
            self._write(self.path, "a", [row])
            return
        self.columns = sorted({column for kept in self.rows for column in kept})
        partial = self.path.with_name("metrics.csv.partial")
        self._write(partial, "w", [dict(zip(self.columns, self.columns, strict=True)), *self.rows])
        partial.replace(self.path)

    def _write(self, path: Path, mode: str, rows: list[dict[str, Any]]) -> None:
        with path.open(mode, newline="") as file:
            csv.DictWriter(file, self.columns).writerows(rows)


def rows_before(path: Path, step: int) -> list[dict[str, Any]]:
    """The rows of `path` up to the one that was logged after `step` steps; none without a file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        rows = [{name: value for name, value in r.items() if value} for r in csv.DictReader(file)]
    return [row for row in rows if int(row["step"]) < step]
