"""What an embedding is: backbones, pooling, the embedder, weights."""

from reid_lightning.models.embedder import Embedder, Features, mobilenet_v2

__all__ = ["Embedder", "Features", "mobilenet_v2"]
