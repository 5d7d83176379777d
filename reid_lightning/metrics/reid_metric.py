"""A torchmetrics Metric that collects embeddings, then ranks every query against the gallery."""

from collections.abc import Mapping

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from reid_lightning.distances import RankingDistance, at_least_float32
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults
from reid_lightning.metrics.summary import ExtraScore, check_extra_scores, summary
from reid_lightning.signatures import checked


@checked("metric")
class ReIDMetric(Metric):
    """Rank-1/5/10, mAP and mINP of a query/gallery split by the Market-1501 protocol.

    Pictures may arrive in any order and in any process: they are sorted by their index, so that any
    number of processes gives identical scores.

    Args:
        distance: `cosine` or `euclidean`.
        ap: `step` or `trapezoid`, see `rank_queries`.
        extra_scores: of one's own, by name: the results of all queries with a match → a fraction.

    Raises:
        ReIDError: an argument is none of these.

    Example:
        >>> import torch
        >>> metric = ReIDMetric()
        >>> metric.update(
        ...     embeddings=torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]),
        ...     pids=torch.tensor([7, 7, 9]),
        ...     camids=torch.tensor([0, 1, 1]),
        ...     is_query=torch.tensor([True, False, False]),
        ...     index=torch.tensor([0, 1, 2]),
        ... )
        >>> metric.compute()["rank1"].item()
        1.0
    """

    full_state_update = False
    higher_is_better = True
    embeddings: list[Tensor]
    pids: list[Tensor]
    camids: list[Tensor]
    is_query: list[Tensor]
    index: list[Tensor]

    def __init__(
        self,
        distance: RankingDistance = "cosine",
        ap: AveragePrecision = "step",
        extra_scores: Mapping[str, ExtraScore] | None = None,
    ) -> None:
        super().__init__()
        self.extra_scores = dict(extra_scores or {})
        check_extra_scores(self.extra_scores)
        self.distance, self.ap = distance, ap
        for state in ("embeddings", "pids", "camids", "is_query", "index"):
            self.add_state(state, default=[], dist_reduce_fx="cat")

    def update(
        self, embeddings: Tensor, pids: Tensor, camids: Tensor, is_query: Tensor, index: Tensor
    ) -> None:
        """Add a batch: embeddings [batch, d], everything else [batch]."""
        self.embeddings.append(at_least_float32(embeddings.detach()))
        self.pids.append(pids)
        self.camids.append(camids)
        self.is_query.append(is_query)
        self.index.append(index)

    def compute(self) -> dict[str, Tensor]:
        """Scores as fractions and counts, see `summary`.

        Raises:
            ReIDError: an embedding is not finite, or no query has a cross-camera match.
        """
        return summary(*self.per_query(), self.extra_scores)

    def collected(self) -> list[Tensor]:
        """Everything collected: index, embeddings, pids, camids, is_query."""
        states = (self.index, self.embeddings, self.pids, self.camids, self.is_query)
        joined = [dim_zero_cat(state) for state in states]
        # mps has no float64, which ranking and averaging need.
        return [s.cpu() for s in joined] if joined[0].device.type == "mps" else joined

    def per_query(self) -> tuple[QueryResults, int]:
        """The results of all queries, sorted by index, and the gallery's size without junk.

        Raises:
            ReIDError: an embedding is not finite.
        """
        index, embeddings, pids, camids, is_query = self.collected()
        order = index.argsort()
        query = order[is_query[order]]
        gallery = order[(~is_query & (pids != -1))[order]]
        results = rank_embeddings(
            embeddings[query],
            embeddings[gallery],
            pids[query],
            camids[query],
            pids[gallery],
            camids[gallery],
            distance=self.distance,
            ap=self.ap,
        )
        return results, len(gallery)
