"""What a metric has collected over a validation or a test, and the scores of it."""

import logging
from collections.abc import Mapping

from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from reid_lightning.data.datasets import Batch
from reid_lightning.metrics import ReIDMetric

log = logging.getLogger(__name__)


def collect(metric: ReIDMetric, embeddings: Tensor, batch: Batch) -> None:
    """Add the embeddings [B, d] of a batch of queries and gallery."""
    columns = (batch[name] for name in ("pid", "camid", "is_query", "index"))
    metric.update(embeddings, *columns)


def collected_scores(metric: ReIDMetric) -> dict[str, Tensor]:
    """Rank every query that all processes have collected, and start over."""
    scores: dict[str, Tensor] = metric.compute()
    metric.reset()
    return scores


@rank_zero_only
def warn_of_left_out(scores: Mapping[str, Tensor | float]) -> None:
    """Say how many queries count in none of the scores."""
    if left_out := int(scores["left_out"]):
        log.warning(
            "%d of %d queries have no match from another camera and are left out of the scores.",
            left_out,
            int(scores["queries"]),
        )
