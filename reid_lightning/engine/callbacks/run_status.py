"""The progress of a run in its status.json."""

from pathlib import Path

import pytorch_lightning as pl

from reid_lightning.results.status import write_progress
from reid_lightning.signatures import checked


@checked("callbacks.status")
class RunStatus(pl.Callback):
    """Writes the epochs and steps trained so far at the end of every epoch.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write them."""
        if trainer.is_global_zero:
            progress = {"epochs": trainer.current_epoch + 1, "steps": trainer.global_step}
            write_progress(self.folder, **progress)
