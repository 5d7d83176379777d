"""A log line for each epoch; the speed of training and the learning rate as metrics."""

import logging
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities import rank_zero_only

log = logging.getLogger(__name__)


class EpochLog(pl.Callback):
    """Logs all `train/…` metrics with the speed and the learning rate, and one line an epoch.

    The speed is the pictures of all processes over the time from the epoch's start (or the resumed
    run's) to its last training step: validation is left out.
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
        means = {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("train/")}
        # Lightning itself would write the row only after the epoch's checkpoint, and a run resumed
        # from that would lose it.
        for logger in trainer.loggers:
            logger.log_metrics(means | {"epoch": trainer.current_epoch}, trainer.global_step - 1)
            logger.save()
        self._write(trainer, pl_module, speed)

    @rank_zero_only
    def _write(self, trainer: pl.Trainer, pl_module: pl.LightningModule, speed: float) -> None:
        metrics = {k: float(v) for k, v in trainer.callback_metrics.items()}
        parts = [f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"]
        parts += [f"loss {metrics['train/loss']:.3f}"] if "train/loss" in metrics else []
        parts += [f"active {metrics['train/active']:.0%}"] if "train/active" in metrics else []
        if self.validated:
            metric: Any = pl_module.val_metric
            parts += [f"mAP ({metric.ap}) {metrics['val/mAP']:.1%}"]
            parts += [f"Rank-1 {metrics['val/rank1']:.1%}"]
        log.info("%s · %.0f images/s", " · ".join(parts), speed)
