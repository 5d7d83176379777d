"""A trained model in use."""

from reid_lightning.inference.embedding_model import EmbeddingModel

__all__ = ["EmbeddingModel"]
