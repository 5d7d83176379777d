"""One picture of a data set with its labels, and the three splits of a set."""

from dataclasses import dataclass
from pathlib import Path

JUNK, DISTRACTOR = -1, 0  # pids


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture; `camid` counts from 0, `time` is in frames on its camera's clock, if known."""

    path: Path
    pid: int
    camid: int
    sequence: int
    frame: int
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Splits:
    """The three folders of a set, each sorted by file name."""

    train: tuple[Sample, ...]
    query: tuple[Sample, ...]
    gallery: tuple[Sample, ...]
