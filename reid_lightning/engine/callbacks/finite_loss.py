"""Stop a run whose loss is no number, without making the device wait in every step."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError


class PendingLoss(NamedTuple):
    """A step's loss on its way to the CPU, and what to say of the step if it is no number."""

    loss: Tensor
    copied: torch.cuda.Event | None
    step: int
    rate: float
    pictures: Tensor

    def read(self) -> float:
        """The loss; a step later its copy is long done."""
        if self.copied is not None:
            self.copied.synchronize()
        return float(self.loss)


class FiniteLoss(pl.Callback):
    """Raises after a loss that is NaN or infinite.

    The loss of a step is copied to the CPU without waiting and read one step later, or before a
    checkpoint is written: none ever holds what such a loss has done. The last one read is `loss`.
    """

    def __init__(self) -> None:
        self.sent: PendingLoss | None = None
        self.rate = self.loss = 0.0

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Remember the learning rate: once the batch has ended it is the next one's."""
        self.rate = trainer.optimizers[0].param_groups[-1]["lr"]

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Read the last step's loss, send off this one's."""
        self._read(trainer)
        loss, copied = outputs["loss"].detach(), None
        if loss.is_cuda:
            there = torch.empty((), dtype=loss.dtype, pin_memory=True)  # else the copy would wait
            loss = there.copy_(loss, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
        self.sent = PendingLoss(loss, copied, trainer.global_step, self.rate, batch["index"])

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the last loss before anything is scored."""
        self._read(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the loss of the epoch's last step."""
        self._read(trainer)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Read the losses of all ranks, whose gradients are in every rank's weights."""
        finite = self.sent is None or math.isfinite(self.sent.read())
        everywhere = trainer.strategy.reduce_boolean_decision(finite)
        self._read(trainer)
        if not everywhere:
            raise ReIDError("The loss of another process is not a finite number, as told there.")

    def _read(self, trainer: pl.Trainer) -> None:
        sent, self.sent = self.sent, None
        if sent is None:
            return
        self.loss = sent.read()
        if not math.isfinite(self.loss):
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            paths: list[Path] = datamodule.training_files(sent.pictures.tolist())
            raise ReIDError(
                f"The loss is not a finite number at step {sent.step} (learning rate "
                f"{sent.rate:.3g}): lower optimizer.lr, warm up for longer, or train with "
                "trainer.precision=32-true. The last good checkpoint is kept. The batch's "
                f"pictures, in {paths[0].parent}: {', '.join(path.name for path in paths)}."
            )
