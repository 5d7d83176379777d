"""The LightningModule that embeds the pictures of a set."""

import time
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from reid_lightning.models.layout import channels_last, images_channels_last


class PendingRows(NamedTuple):
    """A batch's embeddings and the rows they go to, while they are copied to the CPU."""

    row: Tensor
    embeddings: Tensor
    copied: torch.cuda.Event | None


class Extractor(pl.LightningModule):
    """Writes every picture's embedding into the row of its index.

    A batch's embeddings are written while the device embeds the next.

    Args:
        model: pictures → features; the `retrieval` embeddings are written.
        flip: write the mean of the embeddings of a picture and its mirror image.
        rows: float32 [pictures, d] on the CPU, to be filled.

    `seconds` is the time from the first picture to the last of all processes.
    """

    def __init__(self, model: nn.Module, rows: Tensor, *, flip: bool) -> None:
        super().__init__()
        self.model = channels_last(model)
        self.rows, self.flip = rows, flip
        self.pending: PendingRows | None = None
        self.seconds = 0.0

    def on_predict_start(self) -> None:
        """Start the clock when all processes have their pictures decoded."""
        self.trainer.strategy.barrier()
        self.seconds = -time.perf_counter()

    def on_predict_end(self) -> None:
        """Stop the clock when all processes have written their rows."""
        self.trainer.strategy.barrier()
        self.seconds += time.perf_counter()

    def predict_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Embed a batch, and write the one before."""
        images = images_channels_last(batch["image"])
        embeddings = self._embed(images)
        if self.flip:
            embeddings = (embeddings + self._embed(images.flip(3))) / 2
        started = _start_copy(batch["index"], embeddings)
        self._write()
        self.pending = started

    def on_predict_epoch_end(self) -> None:
        """Write the last batch."""
        self._write()

    def _write(self) -> None:
        if self.pending is not None:
            if self.pending.copied is not None:
                self.pending.copied.synchronize()
            self.rows[self.pending.row] = self.pending.embeddings
        self.pending = None

    def _embed(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.model(images).retrieval
        return embeddings.float()


def _start_copy(index: Tensor, embeddings: Tensor) -> PendingRows:
    if not embeddings.is_cuda:
        return PendingRows(index, embeddings, None)
    on_cpu = [
        torch.empty(x.shape, dtype=x.dtype, pin_memory=True).copy_(x, non_blocking=True)
        for x in (index, embeddings)
    ]
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record()
    return PendingRows(on_cpu[0], on_cpu[1], copied)
