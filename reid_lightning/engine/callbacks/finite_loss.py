"""Stop a run whose loss is NaN or infinite, without waiting for the device in every step."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError


class PendingLoss(NamedTuple):
    """A step's loss while it is copied to the CPU, and what the error needs to know of the step."""

    loss: Tensor
    copied: torch.cuda.Event | None
    step: int
    rate: float
    pictures: Tensor

    def read(self) -> float:
        """The loss; one step later its copy has long finished."""
        if self.copied is not None:
            self.copied.synchronize()
        return float(self.loss)


class FiniteLoss(pl.Callback):
    """Raises after a loss that is NaN or infinite.

    The loss of a step is copied to the CPU without waiting, and read one step later or before a
    checkpoint is written, so that no checkpoint holds weights changed by such a loss. `loss` is the
    last one read.
    """

    def __init__(self) -> None:
        self.pending: PendingLoss | None = None
        self.pinned: Tensor | None = None  # read before the next step's loss is copied to it
        self.rate = 0.0
        self.loss: float | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep this step's learning rate: after the batch it is already the next step's."""
        self.rate = trainer.optimizers[0].param_groups[-1]["lr"]

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Read the loss of the step before, and start copying this one's."""
        self._read(trainer)
        loss, copied = outputs["loss"].detach(), None
        if loss.is_cuda:
            if self.pinned is None:  # else the copy would wait
                self.pinned = torch.empty((), dtype=torch.float32, pin_memory=True)
            loss = self.pinned.copy_(loss, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
        self.pending = PendingLoss(loss, copied, trainer.global_step, self.rate, batch["index"])

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
        finite = self.pending is None or math.isfinite(self.pending.read())
        everywhere = trainer.strategy.reduce_boolean_decision(finite)
        self._read(trainer)
        if not everywhere:
            raise ReIDError("The loss of another process is not finite: see the error it reported.")

    def _read(self, trainer: pl.Trainer) -> None:
        pending, self.pending = self.pending, None
        if pending is None:
            return
        self.loss = pending.read()
        if not math.isfinite(self.loss):
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            paths: list[Path] = datamodule.training_files(pending.pictures.tolist())
            raise ReIDError(
                f"The loss is not a finite number at step {pending.step} (learning rate "
                f"{pending.rate:.3g}): lower optimizer.lr, warm up for longer, or train with "
                "trainer.precision=32-true. The last good checkpoint is kept. The batch's "
                f"pictures, in {paths[0].parent}: {', '.join(path.name for path in paths)}."
            )
