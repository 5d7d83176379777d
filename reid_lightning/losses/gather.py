"""The global batch: every rank's embeddings and labels, in rank order, with gradient."""

from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor

Gather = bool | Literal["auto"]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:
        ctx.size = len(local)
        parts = [torch.empty_like(local) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, local.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        # Every rank computes the same global loss, and DDP averages over ranks: the sum over
        # ranks makes the averaged parameter gradient that of the global loss.
        grad = grad.contiguous()
        dist.all_reduce(grad)
        start = dist.get_rank() * ctx.size
        return grad[start : start + ctx.size]


def gathers(gather: Gather) -> bool:
    """Whether batches are joined over ranks: `auto` where more than one process runs."""
    several = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
    return several and gather is not False


def global_batch(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """All ranks' embeddings [world × batch, d] and labels [world × batch], in rank order.

    Ranks must have equally many pictures, as PK batches do.
    """
    parts = [torch.empty_like(labels) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, labels.contiguous())
    gathered: Tensor = _Gather.apply(embeddings)
    return gathered, torch.cat(parts)
