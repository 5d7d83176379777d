"""The steps between embedding and ranking."""

from reid_lightning.retrieval.embedded_set import EmbeddedSet
from reid_lightning.retrieval.neighbour_mean import NeighbourMean
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.retrieval import Retrieval
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal

__all__ = ["EmbeddedSet", "NeighbourMean", "Rerank", "Retrieval", "SpatialTemporal"]
