"""Classes that tests put into a run by their name."""

import json
import resource
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from reid_lightning.data import ReIDDataModule


class FollowLoss(pl.Callback):
    """Freezes every batch normalisation and writes each step's loss, the mean over ranks."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.losses: list[str] = []
        torch.backends.cudnn.allow_tf32 = False  # rounds to 1e-3

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        for module in pl_module.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        loss = trainer.strategy.reduce(outputs["loss"].detach().double(), reduce_op="mean")
        self.losses.append(repr(float(loss)))
        if trainer.is_global_zero:
            self.path.write_text("\n".join(self.losses))


class NeverWait(pl.Callback):
    """Makes CUDA raise wherever the host would wait for the device, from the third step on."""

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        # The epoch's last batch is followed by what may wait: means, scores, checkpoints.
        last = batch_idx + 1 >= trainer.num_training_batches
        torch.cuda.set_sync_debug_mode("error" if batch_idx >= 1 and not last else "default")

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        torch.cuda.set_sync_debug_mode("default")


class OwnData(ReIDDataModule):
    """A user's own DataModule."""


class Resources(pl.Callback):
    """Writes the process's resident memory, open files and threads after every validation."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.samples: list[dict[str, int]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        process = Path("/proc/self")
        pages = int((process / "statm").read_text().split()[1])
        files, threads = (len(list((process / name).iterdir())) for name in ("fd", "task"))
        self.samples.append(
            {"bytes": pages * resource.getpagesize(), "files": files, "threads": threads}
        )
        self.path.write_text(json.dumps(self.samples))
