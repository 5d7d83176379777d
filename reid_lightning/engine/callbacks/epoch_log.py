"""One line of plain log an epoch; the speed of training and the learning rate as metrics."""

import logging
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities import rank_zero_only

log = logging.getLogger(__name__)


class EpochLog(pl.Callback):
    """Logs `train/…`, the speed and the learning rate among it, and an epoch in one line.

    The speed counts the pictures of all processes over the time between the epoch's start and its
    last training step (of what a resumed run trains of it): validation is left out.
    """

    def __init__(self) -> None:
        self.started = self.ended = 0.0
        self.images = 0
        self.validated = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock; Lightning does not start the epoch that it resumes in."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.started, self.images, self.validated = time.perf_counter(), 0, False

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the batch."""
        self.ended = time.perf_counter()
        self.images += len(batch["image"]) * trainer.world_size

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """This epoch has scores."""
        self.validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the row and the line."""
        speed = self.images / max(self.ended - self.started, 1e-9)
        rate = trainer.optimizers[0].param_groups[-1]["lr"]
        pl_module.log_dict({"train/images_per_second": speed, "train/lr": rate}, logger=False)
        told = {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("train/")}
        # Lightning itself would write the row only after the epoch's checkpoint, and lose it where
        # a run goes on from that.
        for logger in trainer.loggers:
            logger.log_metrics(told | {"epoch": trainer.current_epoch}, trainer.global_step - 1)
            logger.save()
        self._write(trainer, pl_module, speed, rate)

    @rank_zero_only
    def _write(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, speed: float, rate: float
    ) -> None:
        told = {k: float(v) for k, v in trainer.callback_metrics.items()}
        parts = [f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"]
        parts += [f"loss {told['train/loss']:.3f}"] if "train/loss" in told else []
        parts += [f"active {told['train/active']:.0%}"] if "train/active" in told else []
        parts += [f"lr {rate:.2g}"]
        if self.validated:
            metric: Any = pl_module.val_metric
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            judged = f"{metric.ap} AP, {datamodule.folder.validated_on}"
            parts += [f"mAP {told['val/mAP']:.1%}", f"Rank-1 {told['val/rank1']:.1%} ({judged})"]
        log.info("%s · %.0f images/s", " · ".join(parts), speed)
