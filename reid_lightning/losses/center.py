"""The centre loss (Wen et al. 2016): a companion that pulls pictures to their identity's centre."""

import torch
from torch import Tensor, nn


class CenterLoss(nn.Module):
    """½ · mean of |x - centre of its identity|².

    The centres are no weights: after each training batch, that of an identity seen n times moves
    by `rate` · Σ(x - centre) / (1 + n), the paper's own update.

    Args:
        num_classes: identities trained on.
        size: of the embedding.
        rate: α, between 0 and 1.
    """

    centers: Tensor

    def __init__(self, num_classes: int, size: int, rate: float = 0.5) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("centers", torch.zeros(num_classes, size))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Embeddings [batch, d] and labels [batch] → a scalar, in float32 at least."""
        x = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
        difference = x - self.centers[labels].to(x.dtype)
        if self.training:
            self._move(labels, difference.detach())
        return 0.5 * difference.square().sum(1).mean()

    def _move(self, labels: Tensor, difference: Tensor) -> None:
        dtype = self.centers.dtype
        pull = torch.zeros_like(self.centers).index_add_(0, labels, difference.to(dtype))
        seen = torch.zeros_like(self.centers[:, 0]).index_add_(
            0, labels, torch.ones_like(labels, dtype=dtype)
        )
        self.centers += self.rate * pull / (1 + seen[:, None])
