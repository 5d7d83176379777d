"""The means of training's diagnostics over an epoch, also where a resume cut it in two."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.losses.gather import gather_rows


class EpochMeans(pl.Callback):
    """Logs the means of the `diagnostics` of `training_step` as `train/NAME`, weighted by pictures.

    Lightning's own epoch means forget the part of the epoch before a mid-epoch checkpoint. The
    sums stay on the device, so that no step waits for it.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sums: Tensor | None = None  # of the values in `names`
        self.pictures = 0.0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add a batch."""
        diagnostics: dict[str, Tensor] = outputs["diagnostics"]
        self.names = list(diagnostics)
        values = torch.stack([value.float() for value in diagnostics.values()])
        if self.sums is None:
            self.sums = torch.zeros_like(values)
        pictures = len(batch["image"])
        self.sums = self.sums.to(values).add_(values, alpha=pictures)
        self.pictures += pictures

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Make the means available to the callbacks that follow, and start over."""
        if self.sums is not None:
            *sums, pictures = self._of_all_ranks().sum(dim=0)
            means = {f"train/{n}": s / pictures for n, s in zip(self.names, sums, strict=True)}
            pl_module.log_dict(means, logger=False)
        self.sums, self.pictures = None, 0.0

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep every rank's sums."""
        if self.sums is not None:
            checkpoint["epoch_sums"] = dict(names=self.names, sums=self._of_all_ranks())

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore this rank's sums."""
        if kept := checkpoint.get("epoch_sums"):
            self.names = kept["names"]
            *sums, pictures = kept["sums"][trainer.global_rank]
            self.sums, self.pictures = torch.stack(sums), float(pictures)

    def _of_all_ranks(self) -> Tensor:
        """The sums, and the number of pictures: [ranks, names + 1]."""
        assert self.sums is not None
        own = torch.cat([self.sums, self.sums.new_full((1,), self.pictures)])
        return gather_rows(own[None])
