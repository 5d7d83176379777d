"""`metrics.csv`: the metrics of a run, a row for each epoch and one for the test."""

import csv
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.errors import ReIDError
from reid_lightning.files import named_in_errors, read_csv, replaced_atomically
from reid_lightning.signatures import checked

_STEP = re.compile(r"\d{1,15}")


@checked("logger")
class MetricsCSV(Logger):
    """Writes every row immediately, so that a kill loses no row older than the last checkpoint.

    Lightning's `CSVLogger` deletes an existing file, and rewrites it in place for a new column.

    Args:
        save_dir: the run's folder.
        resume_step: steps that a resumed run has trained; rows of later steps are written again.
    """

    def __init__(self, save_dir: str | Path, resume_step: int | None = None) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self.rows = [] if resume_step is None else rows_before(self.path, resume_step)
        self.columns: list[str] = []  # of the file as this object wrote it

    @property
    def name(self) -> str:
        """Empty: a run has one such logger."""
        return ""

    @property
    def version(self) -> str:
        """Empty, as the name."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self.path.parent)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the composed configuration is in the folder already."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write a row, or add to the last one what is logged at the same step."""
        row, last = {**metrics, "step": step}, self.rows[-1] if self.rows else {}
        joins = "step" in last and all(last[name] == row[name] for name in last.keys() & row.keys())
        if joins:
            self.rows[-1] = last | row
        else:
            self.rows.append(row)
        if not joins and row.keys() <= set(self.columns):
            self._append(row)
            return
        self.columns = sorted({column for kept in self.rows for column in kept})
        head = dict(zip(self.columns, self.columns, strict=True))
        with replaced_atomically(self.path) as partial:
            self._write(partial, "w", [head, *self.rows])

    def _append(self, row: dict[str, Any]) -> None:
        size = self.path.stat().st_size
        try:
            with named_in_errors(self.path):
                self._write(self.path, "a", [row])
        except OSError:
            os.truncate(self.path, size)  # half a row would be read as a whole one
            raise

    def _write(self, path: Path, mode: str, rows: list[dict[str, Any]]) -> None:
        with path.open(mode, newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self.columns).writerows(rows)


def rows_before(path: Path, step: int) -> list[dict[str, Any]]:
    """The rows of a file that were logged in the first `step` steps; none if it is missing.

    Raises:
        ReIDError: the file is damaged.
    """
    if not path.exists():
        return []
    rows = [{name: value for name, value in row.items() if value} for row in read_csv(path)]
    if not all(_STEP.fullmatch(row.get("step", "")) for row in rows):
        raise ReIDError(f"{path} is damaged: a row has no step. Move it away to go on without it.")
    return [row for row in rows if int(row["step"]) < step]
