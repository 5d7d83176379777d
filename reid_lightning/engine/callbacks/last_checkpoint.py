"""`last.ckpt`: the checkpoint that a stopped or killed run is resumed from."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from reid_lightning.errors import check_at_least


class LastCheckpoint(Checkpoint):
    """Writes the checkpoint at the end of every epoch and, optionally, every few steps.

    Args:
        path: of the file.
        every_n_steps: optimizer steps between checkpoints within an epoch; none: only at its end.
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
        """Save every `every_n_steps`, between two optimizer steps: gradients are not kept.

        Not before a validation, nor after the epoch's last step, which is saved with the epoch:
        a run resumed from there would skip the validation.
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
