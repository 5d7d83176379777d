"""Networks: backbones, pooling, the embedder and pretrained weights."""

from reid_lightning.models.embedder import Embedder, Features
from reid_lightning.models.mobilenet_v2 import mobilenet_v2_embedder

__all__ = ["Embedder", "Features", "mobilenet_v2_embedder"]
