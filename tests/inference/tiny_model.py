"""A model in use that takes no time."""

import torch
from torch import nn

from reid_lightning.inference import EmbeddingModel
from reid_lightning.models.embedder import Embedder


class Tiny(nn.Sequential):
    """A backbone of one convolution, which is another in training."""

    num_features = 8

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 8, 4, 4), nn.BatchNorm2d(8))


def tiny_model(digest: str = "tiny", *, height: int = 32, width: int = 16) -> EmbeddingModel:
    """The same weights every time."""
    torch.manual_seed(0)
    return EmbeddingModel(
        Embedder(Tiny(), 4), height=height, width=width, device="cpu", digest=digest
    )
