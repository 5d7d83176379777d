"""Hydra's callback at the end of a sweep: one table of all its jobs, and a picture."""

import shlex
import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from reid_lightning.results.status import write_status
from reid_lightning.results.sweep_summary import SUMMARY_FILE, write_summary
from reid_lightning.run.held_sweep import release_sweeps
from reid_lightning.run.typed_command import typed_command
from reid_lightning.run.user_errors import exit_on_errors


class SweepEnd(Callback):
    """Writes `summary.csv` into the sweep's folder and prints it, the best job first.

    A sweep over two numbers also leaves `heat_map.png`. If a job has no result, the sweep ends with
    exit status 1.
    """

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Read the jobs' folders."""
        with exit_on_errors():
            self._end_sweep(config)

    def _end_sweep(self, config: DictConfig) -> None:
        # Imported here: scipy and matplotlib are slow to import, and jobs do not need them.
        from reid_lightning.comparison.sweep_text import sweep_text
        from reid_lightning.report.figures.heat_map import write_heat_map

        folder = Path(config.hydra.sweep.dir)
        rows = write_summary(folder)
        write_status(folder, "finished")
        release_sweeps()
        if not rows:
            return
        text, first_two = sweep_text(folder, rows)
        print(f"\n{text}\n\nThe sweep: {folder / SUMMARY_FILE}")
        if path := write_heat_map(rows, folder):
            print(f"As a picture: {path}")
        print(f"On one page: {typed_command('report')} {folder}")
        if first_two:
            sides = [" ".join(shlex.quote(str(run)) for run in side) for side in first_two[::-1]]
            print(
                f"The first two, query by query: {typed_command('compare')} {' with '.join(sides)}"
            )
        unfinished = sum(row["status"] != "finished" for row in rows)
        if unfinished:
            retry = f" ({typed_command('train')} -m resume_sweep={folder} tries again)"
            hint = retry if "resume" in config else ""  # evaluate.py has none
            print(f"{unfinished} of {len(rows)} jobs have no result; see their logs{hint}.")
            sys.exit(1)
