"""Times on a camera's clock, from the sequence and frame numbers in file names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reid_lightning.data.sample import Sample, Splits


def with_times(splits: Splits) -> Splits:
    """Give every sample its time in frames on its camera's clock: its sequences laid end to end.

    Frame numbers restart in every sequence; a sequence's length is its largest frame number over
    all three splits.
    """
    starts = sequence_starts([*splits.train, *splits.query, *splits.gallery])

    def timed(samples: Sequence[Sample]) -> tuple[Sample, ...]:
        return tuple(replace(s, time=starts[s.camid, s.sequence] + s.frame) for s in samples)

    return Splits(timed(splits.train), timed(splits.query), timed(splits.gallery))


def sequence_starts(samples: Iterable[Sample]) -> dict[tuple[int, int], int]:
    """The time, in frames on the camera's clock, at which each (camid, sequence) begins."""
    lengths: dict[tuple[int, int], int] = defaultdict(int)
    for s in samples:
        lengths[s.camid, s.sequence] = max(lengths[s.camid, s.sequence], s.frame)
    starts: dict[tuple[int, int], int] = {}
    ends: dict[int, int] = defaultdict(int)
    for (camid, sequence), length in sorted(lengths.items()):
        starts[camid, sequence] = ends[camid]
        ends[camid] += length
    return starts
