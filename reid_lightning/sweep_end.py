"""What Hydra does when a multirun has ended: one table of all its jobs."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from reid_lightning.report.sweep import FILE, sweep_table, write_summary


class SweepEnd(Callback):
    """Writes `summary.csv` into the sweep's folder and prints it, the best job first."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Look through the jobs' folders."""
        folder = Path(config.hydra.sweep.dir)
        if rows := write_summary(folder):
            print(f"\n{sweep_table(rows)}\n\nThe sweep: {folder / FILE}")
