"""The progress bars of a terminal: a line for the epoch, and one for what is scored."""

import sys
import time
from contextlib import ExitStack
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import TQDMProgressBar
from pytorch_lightning.callbacks.progress.tqdm_progress import Tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from reid_lightning.bars import BAR_FORMAT
from reid_lightning.engine.callbacks.finite_loss import FiniteLoss


class Bar(Tqdm):
    """As wide as the terminal, and removed at its end; without the texts of Lightning's own."""

    def __init__(self, what: str, position: int = 0, *, disable: bool) -> None:
        layout: dict[str, Any] = {"bar_format": BAR_FORMAT, "dynamic_ncols": True}
        file = sys.stdout
        super().__init__(
            desc=what, position=position, disable=disable, leave=False, file=file, **layout
        )

    def set_description(self, desc: str | None = None, refresh: bool | None = True) -> None:
        """Keep what the bar was made with."""

    def set_postfix(self, *args: Any, **kwargs: Any) -> None:
        """Keep what `set_postfix_str` has set."""


class Progress(TQDMProgressBar):
    """Shows the epoch, its loss and speed, and the time left of the epoch and of the run.

    The loss is the last that `FiniteLoss` has read: to log it would wait for the GPU in every step.
    Lines of the log are written above the bars.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_above = ExitStack()
        self.started = self.trained = 0.0  # when the epoch began, and its last step ended
        self.between = 0.0  # seconds from an epoch's last step to the next epoch's start
        self.batches = self.images = 0  # of this epoch, in this process

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Have lines of the log written above the bars."""
        super().setup(trainer, pl_module, stage)
        if self.is_enabled:
            self.log_above.enter_context(logging_redirect_tqdm())

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Leave the log as it was."""
        self.log_above.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Remove the bars, so that the error stands alone."""
        for bar in (self._val_progress_bar, self._train_progress_bar, self._test_progress_bar):
            if bar is not None:
                bar.close()
        if self._predict_progress_bar is not None:
            self._predict_progress_bar.close()
        self.log_above.close()

    def init_sanity_tqdm(self) -> Tqdm:
        """The bar of Lightning's sanity check."""
        return Bar("sanity check", disable=self.is_disabled)

    def init_train_tqdm(self) -> Tqdm:
        """The bar of an epoch."""
        return Bar("training", disable=self.is_disabled)

    def init_validation_tqdm(self) -> Tqdm:
        """The bar below that of an epoch."""
        return Bar("validation", position=1, disable=self.is_disabled)

    def init_test_tqdm(self) -> Tqdm:
        """The bar of a test."""
        return Bar("test", disable=self.is_disabled)

    def init_predict_tqdm(self) -> Tqdm:
        """The bar of an evaluation."""
        return Bar("embedding pictures", disable=self.is_disabled)

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Begin; Lightning does not start the epoch that a run is resumed in."""
        super().on_train_start(trainer, *_)
        self.on_train_epoch_start(trainer, *_)

    def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Begin with an empty bar."""
        self.started, self.batches, self.images = time.perf_counter(), 0, 0
        self.between = self.started - self.trained if self.trained else 0.0
        name = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        self.train_progress_bar.set_description_str(name, refresh=False)
        self.train_progress_bar.set_postfix_str("", refresh=False)
        super().on_train_epoch_start(trainer, *_)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the batch; tqdm draws no more often than is seen."""
        bar = self.train_progress_bar
        if bar.disable:
            return
        self.trained = time.perf_counter()
        self.batches += 1
        self.images += len(batch["image"]) * trainer.world_size
        seconds = self.trained - self.started
        left = seconds_left(
            seconds / self.batches,
            self.between,
            batches=int(trainer.num_training_batches),
            batches_left=int(trainer.num_training_batches) - batch_idx - 1,
            epochs_left=(trainer.max_epochs or 0) - trainer.current_epoch - 1,
        )
        epoch, run = map(Tqdm.format_interval, left)
        callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
        losses = [c.loss for c in callbacks if isinstance(c, FiniteLoss) and c.loss is not None]
        parts = [f"loss {loss:.3f}" for loss in losses]
        parts += [f"{self.images / seconds:.0f} images/s", f"{epoch} left (run {run})"]
        bar.set_postfix_str(", ".join(parts), refresh=False)
        bar.update(batch_idx + 1 - bar.n)
        if bar.n == bar.total:
            bar.refresh()  # it stays so while the epoch is validated


def seconds_left(
    step: float, between: float, *, batches: int, batches_left: int, epochs_left: int
) -> tuple[float, float]:
    """The time left of an epoch, its validation included, and of the run.

    Args:
        step: seconds of a batch.
        between: seconds between an epoch's last batch and the next epoch's start.
        batches, batches_left: of an epoch, and of this one.
        epochs_left: after this one.
    """
    epoch = step * batches_left + between
    return epoch, epoch + epochs_left * (step * batches + between)
