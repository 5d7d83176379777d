"""k-reciprocal re-ranking on sparse matrices."""

from reid_lightning.retrieval.rerank.k_reciprocal import Rerank

__all__ = ["Rerank"]
