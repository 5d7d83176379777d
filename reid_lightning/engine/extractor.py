"""The LightningModule that embeds the pictures of a set."""

import time
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.models import Embedder


class Extractor(pl.LightningModule):
    """Writes every picture's embedding into the row of its index.

    Args:
        model: pictures → features; the `retrieval` embeddings are written.
        flip: write the mean of the embeddings of a picture and its mirror image.
        rows: float32 [pictures, d] on the CPU, to be filled.

    `seconds` is the time from the first picture to the last of all processes.
    """

    def __init__(self, model: Embedder, rows: Tensor, *, flip: bool) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.rows, self.flip = rows, flip
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
        """Embed a batch."""
        images = batch["image"].contiguous(memory_format=torch.channels_last)
        embeddings = self._embed(images)
        if self.flip:
            embeddings = (embeddings + self._embed(images.flip(3))) / 2
        self.rows[batch["index"].cpu()] = embeddings.cpu()

    def _embed(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.model(images).retrieval
        return embeddings.float()
