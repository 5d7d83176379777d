"""`last.ckpt`: where a run goes on from when it was stopped or killed."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from reid_lightning.errors import check_at_least


class LastCheckpoint(Checkpoint):
    """Writes the checkpoint at the end of every epoch and, where asked, every so many steps.

    Args:
        path: of the file.
        every_n_steps: optimizer steps between two checkpoints in an epoch; none: only at its end.
    """

    def __init__(self, path: str | Path, every_n_steps: int | None = None) -> None:
        if every_n_steps is not None:
            check_at_least("checkpoint_every_n_steps", every_n_steps, 1)
        self.path, self.every_n_steps = path, every_n_steps

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save if it is time: between two optimizer steps, where there are no gradients to keep.

        Not where validation follows, nor after the epoch's last step, which is saved with the
        epoch: Lightning would go on from there without validating.
        """
        if self.every_n_steps is None or trainer.global_step % self.every_n_steps:
            return
        step, interval = batch_idx + 1, trainer.val_check_batch
        gradients = step % trainer.accumulate_grad_batches > 0
        validates = step == trainer.num_training_batches or (interval and step % interval == 0)
        if not gradients and not validates:
            trainer.save_checkpoint(self.path, weights_only=False)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save."""
        trainer.save_checkpoint(self.path, weights_only=False)
