"""What a score is: ranking (pure functions) and one thin torchmetrics Metric."""

from reid_lightning.metrics.finite import check_finite
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.rank_embeddings import RankedChunk, rank_embeddings, rank_in_chunks
from reid_lightning.metrics.ranking import QueryResults, count_matches, join_results
from reid_lightning.metrics.reid_metric import ReIDMetric
from reid_lightning.metrics.summary import SCORE_TITLES, SCORES

__all__ = [
    "SCORES",
    "SCORE_TITLES",
    "Identities",
    "QueryResults",
    "RankedChunk",
    "ReIDMetric",
    "check_finite",
    "count_matches",
    "join_results",
    "rank_embeddings",
    "rank_in_chunks",
]
