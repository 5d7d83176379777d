"""Times on a camera's clock, from the sequence and frame numbers in file names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError

_MOST_FRAMES = 10**12  # 1,268 years at 25 a second: times are summed and multiplied


def with_times(splits: Splits) -> Splits:
    """Give every sample its time in frames on its camera's clock: its sequences laid end to end.

    Frame numbers restart in every sequence; a sequence's length is its largest frame number over
    all three splits.

    Raises:
        ReIDError: a time is too large, or no picture has a frame number.
    """
    samples = [*splits.train, *splits.query, *splits.gallery]
    if samples and not any(s.frame for s in samples):
        raise ReIDError(
            f"The names of the pictures have no frame numbers, such as {samples[0].path}: set "
            "data.clock=none."
        )
    starts = sequence_starts(samples)
    for s in samples:
        if starts[s.camid, s.sequence] + s.frame > _MOST_FRAMES:
            raise ReIDError(
                f"The frame number {s.frame} of {s.path} is no time on a clock of frames, of which "
                f"{_MOST_FRAMES:,} are the most: set data.clock=none."
            )

    def timed(samples: Sequence[Sample]) -> tuple[Sample, ...]:
        return tuple(replace(s, time=starts[s.camid, s.sequence] + s.frame) for s in samples)

    train, query, gallery = map(timed, (splits.train, splits.query, splits.gallery))
    return replace(splits, train=train, query=query, gallery=gallery)


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
