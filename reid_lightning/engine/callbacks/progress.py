"""The progress bar of a terminal, with the loss."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import TQDMProgressBar

from reid_lightning.engine.callbacks.finite_loss import FiniteLoss


class Progress(TQDMProgressBar):
    """Shows the loss that `FiniteLoss` has read: to log it would wait for the GPU in every step."""

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The scores, and the loss of the step before the last."""
        scores = super().get_metrics(trainer, pl_module)
        scores.pop("v_num", None)
        callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
        for callback in callbacks:
            if isinstance(callback, FiniteLoss):
                scores["loss"] = callback.loss
        return scores
