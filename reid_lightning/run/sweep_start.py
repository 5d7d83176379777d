"""Hydra's callback at the start of a sweep: prepares for jobs elsewhere, and for resuming."""

import os
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from reid_lightning.files import replaced_atomically
from reid_lightning.run.command_line import python_path


class SweepStart(Callback):
    """Writes `multirun.yaml`, as Hydra's own sweeper does, for sweepers that do not (Optuna).

    Processes that a launcher starts find this code even where it is not installed.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Keep the configuration in the sweep's folder."""
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        with replaced_atomically(folder / "multirun.yaml") as partial:
            OmegaConf.save(config, partial)
        print(f"The sweep: {folder} (python train.py -m resume_sweep={folder} resumes it)")
        os.environ["PYTHONPATH"] = python_path()
