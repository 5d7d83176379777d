"""The centre loss: pulls pictures to the running centre of their identity."""

import torch
from torch import Tensor, nn

from reid_lightning.distances import at_least_float32
from reid_lightning.signatures import Count, Share, checked


@checked("CenterLoss")
class CenterLoss(nn.Module):
    """½ · mean of |x - c|², with c the centre of the picture's identity (Wen et al. 2016, eq. 2).

    The centres have no gradient. After each training batch, the centre of an identity with n
    pictures in it moves by `rate` · Σ(x - c) / (1 + n) (the paper's eq. 4).

    Args:
        num_classes: training identities.
        embedding_size: d.
        rate: the paper's α, between 0 and 1.

    Raises:
        ReIDError: an argument is out of its range.
    """

    centers: Tensor

    def __init__(self, num_classes: Count, embedding_size: Count, rate: Share = 0.5) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("centers", torch.zeros(num_classes, embedding_size))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar; in training mode the centres move.

        Args:
            embeddings: [batch, d].
            labels: [batch].
        """
        x = at_least_float32(embeddings)
        difference = x - self.centers[labels].to(x.dtype)
        if self.training:
            self._move_centers(labels, difference.detach())
        return 0.5 * difference.square().sum(1).mean()

    def _move_centers(self, labels: Tensor, difference: Tensor) -> None:
        dtype = self.centers.dtype
        sums = torch.zeros_like(self.centers).index_add_(0, labels, difference.to(dtype))
        counts = torch.zeros_like(self.centers[:, 0]).index_add_(
            0, labels, torch.ones_like(labels, dtype=dtype)
        )
        self.centers += self.rate * sums / (1 + counts[:, None])
