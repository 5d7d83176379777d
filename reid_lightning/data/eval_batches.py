"""Share pictures out to the ranks for scoring: each exactly once, in equally many batches."""

import numpy as np
import torch

_ON_CPU, _ON_GPU = 128, 512  # which keep either busy


def eval_batch_size(choice: int | None, device: torch.device) -> int:
    """The most pictures in a batch: `choice`; None: as many as keep the device busy."""
    return choice or (_ON_GPU if device.type == "cuda" else _ON_CPU)


def eval_batches(
    count: int, batch_size: int, *, rank: int = 0, world_size: int = 1
) -> list[list[int]]:
    """The batches of indices below `count` that this rank scores.

    No picture is repeated to make shares equal, so that scores do not depend on the number of
    ranks. Every rank gets the same number of batches, because DDP exchanges buffers in every
    forward pass: a rank with one batch more would never end. Sizes differ by one at most, so
    that some batches are empty where there are fewer pictures than ranks.

    Args:
        count: pictures in all.
        batch_size: the most pictures in a batch.
        rank, world_size: this process, and the number of processes.
    """
    steps = -(-count // (batch_size * world_size))
    shares = np.array_split(np.arange(count), steps * world_size)
    return [share.tolist() for share in shares[rank::world_size]]
