"""Several sets trained on as one: people and cameras of different sets are never the same."""

from collections.abc import Iterable
from dataclasses import replace

from reid_lightning.data.roles import people
from reid_lightning.data.sample import Sample, Splits


def training_of(others: Iterable[Splits], first: Splits) -> tuple[Sample, ...]:
    """The training pictures of other sets, with pids and camids that follow those before.

    Args:
        others: with the pids that `with_roles` gives.
        first: the set that is scored, whose own pids and camids stay as they are.
    """
    samples = list[Sample]()
    last = (*first.train, *first.query, *first.gallery)
    pid, camid = _next_numbers(last, 0, 0)
    for number, splits in enumerate(others, start=2):
        joined = [
            replace(
                s, pid=pid + s.pid, camid=camid + s.camid, camera=f"{s.taken_by} of set {number}"
            )
            for s in people(splits.train)
        ]
        pid, camid = _next_numbers(joined, pid, camid)
        samples += joined
    return tuple(samples)


def _next_numbers(samples: Iterable[Sample], pid: int, camid: int) -> tuple[int, int]:
    """The first pid and camid after those of samples, and `pid` and `camid` at least."""
    for sample in samples:
        pid, camid = max(pid, sample.pid + 1), max(camid, sample.camid + 1)
    return pid, camid
