"""The sampler of the training batches: which batch an epoch begins with, and how many it has."""

from collections.abc import Iterator

from torch.utils.data import Sampler


class BatchNumbers(Sampler[int]):
    """The numbers of one epoch's batches, counted over all epochs: epoch · steps + step.

    Args:
        steps: batches in an epoch.
        epoch, step: the first batch of a resumed run; later epochs begin at step 0.
    """

    def __init__(self, steps: int, *, epoch: int = 0, step: int = 0) -> None:
        self.steps, self.epoch, self.step = steps, epoch, step

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before every epoch, also before the one that a run is resumed in."""
        if epoch != self.epoch:
            self.epoch, self.step = epoch, 0

    def __len__(self) -> int:
        # Of a whole epoch, also for a resumed one: Lightning counts an epoch's steps by it.
        return self.steps

    def __iter__(self) -> Iterator[int]:
        start = self.epoch * self.steps
        return iter(range(start + self.step, start + self.steps))
