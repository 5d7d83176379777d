"""k-reciprocal re-ranking, in sparse rows."""

from reid_lightning.retrieval.rerank.k_reciprocal import Rerank

__all__ = ["Rerank"]
