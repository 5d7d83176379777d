"""The sampler of the training batches: which batch an epoch begins with, and how many it has."""

from collections.abc import Iterator

from torch.utils.data import Sampler


def next_position(epoch: int, trained: int, steps: int) -> dict[str, int]:
    """The next batch of a training, for a checkpoint.

    Args:
        epoch: from 0.
        trained: batches of it that were trained on; loader processes run ahead of them.
        steps: batches in an epoch.

    Returns:
        `epoch`, `step` (both from 0), and `steps`.
    """
    epochs, step = divmod(trained, steps)
    return {"epoch": epoch + epochs, "step": step, "steps": steps}


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
