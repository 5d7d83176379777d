"""`last.ckpt`: the checkpoint that a stopped or killed run is resumed from."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint

from reid_lightning.process import Stopped, allow_stop, begin_stop, defer_stop, received_signal
from reid_lightning.signatures import Count, checked


@checked("callbacks.last")
class LastCheckpoint(Checkpoint):
    """Writes the checkpoint at the end of every epoch and, optionally, every few steps.

    A signal stops a training after the step that is under way and a checkpoint, and a validation
    at once: it and its epoch are repeated.

    Args:
        path: of the file.
        every_n_steps: optimizer steps between checkpoints within an epoch; none: only at its end.
    """

    def __init__(self, path: str | Path, every_n_steps: Count | None = None) -> None:
        self.path, self.every_n_steps = path, every_n_steps

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let a signal wait for a step's end."""
        defer_stop()

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
        step, interval = batch_idx + 1, trainer.val_check_batch
        gradients = step % trainer.accumulate_grad_batches > 0
        validates = step == trainer.num_training_batches or (interval and step % interval == 0)
        if gradients or validates:
            return
        signum = _signal_to_any_rank(trainer)
        if signum:
            begin_stop(signum)
        elif self.every_n_steps is None or trainer.global_step % self.every_n_steps:
            return
        trainer.save_checkpoint(self.path, weights_only=False)
        if signum:
            raise Stopped(signum)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let a signal stop the run at once."""
        _stop_if_asked(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let a signal wait again until the epoch is saved, or for a step's end."""
        if not trainer.sanity_checking:
            defer_stop()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save."""
        if signum := _signal_to_any_rank(trainer):
            begin_stop(signum)
        trainer.save_checkpoint(self.path, weights_only=False)
        if signum:
            raise Stopped(signum)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let a signal stop the program at once."""
        _stop_if_asked(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Let a signal stop the program at once."""
        allow_stop()


def _stop_if_asked(trainer: pl.Trainer) -> None:
    signum = _signal_to_any_rank(trainer)
    allow_stop()
    if signum:
        raise Stopped(signum)


def _signal_to_any_rank(trainer: pl.Trainer) -> int:
    """The signal that stops the run, the same in all ranks: they save together; 0 if none."""
    own = received_signal() or 0
    if trainer.world_size == 1:
        return own
    signum = torch.tensor(own, device=trainer.strategy.root_device)
    return int(trainer.strategy.reduce(signum, reduce_op="max"))
