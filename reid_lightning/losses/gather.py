"""The global batch: the embeddings and labels of all ranks, in rank order, with gradient."""

from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor

Gather = bool | Literal["auto"]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:
        ctx.size = len(local)
        return gather_rows(local)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        # Each rank computes the same global loss, and DDP averages parameter gradients over the
        # ranks: with the sum here, that average is the gradient of the global loss.
        grad = grad.clone(memory_format=torch.contiguous_format)  # autograd may share the tensor
        dist.all_reduce(grad)
        start = dist.get_rank() * ctx.size
        return grad[start : start + ctx.size]


def count_ranks() -> int:
    """The number of processes that train together; 1 where there is no process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gather_rows(local: Tensor) -> Tensor:
    """This rank's rows [B, …] and those of all others [ranks × B, …], in rank order.

    Without a gradient. Lightning's `all_gather` calls a function that torch has deprecated.
    """
    if count_ranks() == 1:
        return local
    local = local.contiguous()
    parts = [torch.empty_like(local) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, local)
    return torch.cat(parts)


def global_batch(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The embeddings [ranks × batch, d] and labels [ranks × batch] of all ranks, in rank order.

    Args:
        embeddings: of this rank [batch, d].
        labels: of this rank [batch], or other rows [batch, …] without a gradient; all ranks have
            the same batch size, as PK batches do.
    """
    gathered: Tensor = _Gather.apply(embeddings)
    return gathered, gather_rows(labels)
