"""What Hydra does when a multirun starts: it prepares for jobs elsewhere, and for going on."""

import os
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

_ROOT = str(Path(__file__).parents[2])


class SweepStart(Callback):
    """Writes `multirun.yaml`, as Hydra's own sweeper does, for those that do not (Optuna).

    The processes that a launcher starts import this code, too, where it is not installed.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Keep the configuration in the sweep's folder."""
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")
        paths = [_ROOT, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        print(f"The sweep: {folder} (python train.py -m resume_sweep={folder} goes on with it)")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
