"""The LightningModule that embeds the pictures of a set."""

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
    """

    def __init__(self, model: Embedder, rows: Tensor, *, flip: bool) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.rows, self.flip = rows, flip

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
