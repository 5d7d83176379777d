"""Stop a run whose loss is no number, without making the device wait in every step."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError


class FiniteLoss(pl.Callback):
    """Raises after a loss that is NaN or infinite.

    The flag of a step is copied to the CPU without waiting and read one step later.
    """

    def __init__(self) -> None:
        self.flag: Tensor | None = None
        self.copied: torch.cuda.Event | None = None
        self.step = 0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Read the last step's flag, send off this one's."""
        self._read(trainer)
        finite = torch.isfinite(outputs["loss"].detach())
        self.flag = finite.to("cpu", non_blocking=finite.is_cuda)
        if finite.is_cuda:
            self.copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self.copied.record()
        self.step = trainer.global_step

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the last flag before anything is scored, or kept as the best."""
        self.on_train_epoch_end(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the flag of the epoch's last step."""
        self._read(trainer)

    def _read(self, trainer: pl.Trainer) -> None:
        flag, self.flag = self.flag, None
        if self.copied is not None:
            self.copied.synchronize()  # a step later the copy is long done
        if flag is not None and not flag:
            rate = trainer.optimizers[0].param_groups[-1]["lr"]
            raise ReIDError(
                f"The loss is not a finite number at step {self.step} (learning rate {rate:.3g}): "
                "lower optimizer.lr, warm up for longer, or train with trainer.precision=32-true. "
                "The last good checkpoint is kept."
            )
