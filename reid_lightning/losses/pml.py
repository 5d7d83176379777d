"""A thin adapter around pytorch-metric-learning's losses and miners."""

from typing import Any

import torch
from torch import Tensor, nn

from reid_lightning.losses.reduction import MetricTerms


class PMLLoss(nn.Module):
    """One of the library's losses, on what one of its miners picks.

    Args:
        loss: called as loss(embeddings, labels, indices).
        miner: called as miner(embeddings, labels), or none.
    """

    def __init__(self, loss: Any, miner: Any = None) -> None:
        super().__init__()
        self.loss, self.miner = loss, miner

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch], in float32 at least, outside autocast."""
        with torch.autocast(embeddings.device.type, enabled=False):
            x = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
            picked = None if self.miner is None else self.miner(x, labels)
            return MetricTerms(self.loss(x, labels, picked))
