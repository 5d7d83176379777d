"""What Hydra does when a multirun has ended: one table of all its jobs, and a picture."""

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from reid_lightning.results.sweep_summary import FILE, FINISHED, sweep_table, write_summary


class SweepEnd(Callback):
    """Writes `summary.csv` into the sweep's folder and prints it, the best job first.

    A sweep over two numbers leaves `heat_map.png`, too. Where a job has no result, the sweep ends
    with exit status 1.
    """

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Look through the jobs' folders."""
        from reid_lightning.report.figures.heat_map import (
            write_heat_map,  # no start waits for matplotlib
        )

        folder = Path(config.hydra.sweep.dir)
        rows = write_summary(folder)
        if not rows:
            return
        print(f"\n{sweep_table(rows)}\n\nThe sweep: {folder / FILE}")
        if path := write_heat_map(rows, folder):
            print(f"As a picture: {path}")
        left = sum(row["status"] != FINISHED for row in rows)
        if left:
            again = f" (python train.py -m resume_sweep={folder} tries again)"
            told = again if "resume" in config else ""
            print(f"{left} of {len(rows)} jobs left no result, as their logs tell{told}.")
            sys.exit(1)
