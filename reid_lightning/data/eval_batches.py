"""Share pictures out to the ranks for scoring: each exactly once, with equally many batches."""

from collections.abc import Iterator

import numpy as np


class EvalBatches:
    """A batch sampler over `count` pictures for this rank of `world_size`.

    No picture is repeated to fill a rank up, so that scores do not depend on the number of ranks.
    Every rank gets the same number of batches (of sizes that may differ by one) because DDP
    exchanges buffers in every forward pass, and a rank with one batch more would wait forever.
    """

    def __init__(self, count: int, batch_size: int, *, rank: int = 0, world_size: int = 1) -> None:
        self.steps = -(-count // (batch_size * world_size))
        shares = np.array_split(np.arange(count), self.steps * world_size)
        self.batches = [share.tolist() for share in shares[rank::world_size]]

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)
