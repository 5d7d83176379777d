"""A thin adapter around pytorch-metric-learning's losses and miners."""

from typing import Any

import torch
from torch import Tensor, nn

from reid_lightning.distances import at_least_float32
from reid_lightning.errors import ReIDError
from reid_lightning.losses.reduction import MetricTerms


class PMLLoss(nn.Module):
    """A loss of pytorch-metric-learning, on the pairs or triplets that one of its miners picks.

    Args:
        loss: called as loss(embeddings, labels, indices).
        miner: called as miner(embeddings, labels), or None for all pairs or triplets.
    """

    def __init__(self, loss: Any, miner: Any = None) -> None:
        super().__init__()
        self.loss, self.miner = loss, miner

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """The loss, in at least float32 and outside autocast, without diagnostics.

        Args:
            embeddings: [batch, d].
            labels: [batch].
            generator: not used.

        Raises:
            ReIDError: loss and miner cannot work as they are configured.
        """
        with torch.autocast(embeddings.device.type, enabled=False):
            x = at_least_float32(embeddings)
            try:
                indices = None if self.miner is None else self.miner(x, labels)
                return MetricTerms(self.loss(x, labels, indices))
            except (AssertionError, TypeError, ValueError) as error:
                raise ReIDError(
                    f"{type(self.loss).__name__} of pytorch-metric-learning fails ({error}): check "
                    "the values of loss.metric and loss.miner."
                ) from error
