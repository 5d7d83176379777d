"""From a feature map [B, C, h, w] to one feature vector [B, C]."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.signatures import Positive, checked


@checked("GeM")
class GeM(nn.Module):
    """Generalised mean, (mean x^p)^(1/p), with a learnt p (GeM, Radenović et al. 2018).

    Args:
        p: the initial power.
        eps: smaller values are raised to this before the power.

    Raises:
        ReIDError: one of them is not above 0.
    """

    def __init__(self, p: Positive = 3.0, eps: Positive = 1e-6) -> None:
        super().__init__()
        self.p, self.eps = nn.Parameter(torch.tensor(p)), eps

    def forward(self, maps: Tensor) -> Tensor:
        """[B, C, h, w] → [B, C], computed in float32, by logarithms: powers would overflow."""
        with torch.autocast(maps.device.type, enabled=False):
            logs, p = maps.float().clamp(min=self.eps).log(), self.p.float()
            means = (logs * p).logsumexp((2, 3)) - math.log(math.prod(maps.shape[2:]))
            return (means / p).exp().to(self.p.dtype)


@checked("Pool")
class Pool(nn.Module):
    """Average or maximum over all positions of the map.

    Args:
        kind: `avg` or `max`.

    Raises:
        ReIDError: another kind.
    """

    def __init__(self, kind: Literal["avg", "max"]) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, maps: Tensor) -> Tensor:
        """[B, C, h, w] → [B, C]."""
        return maps.mean((2, 3)) if self.kind == "avg" else maps.amax((2, 3))


def stripes(maps: Tensor, count: int) -> list[Tensor]:
    """Horizontal stripes [B, C, h', w] of maps [B, C, h, w], from the top.

    Where `count` does not divide h, they overlap by a row, as in adaptive pooling.

    Raises:
        ReIDError: there are fewer rows than stripes.
    """
    rows = maps.shape[2]
    if rows < count:
        raise ReIDError(
            f"model.parts={count} needs as many rows in the map, which has {rows}: set model.parts "
            "lower or data.height higher, or model.last_stride=1 where the network has it."
        )
    return [maps[:, :, rows * i // count : -(-rows * (i + 1) // count)] for i in range(count)]


Pooling = Literal["avg", "max", "gem"]


@checked("model")
def make_pooling(pooling: Pooling) -> nn.Module:
    """The pooling layer named `avg`, `max` or `gem`.

    Raises:
        ReIDError: an unknown name.
    """
    return GeM() if pooling == "gem" else Pool(pooling)
