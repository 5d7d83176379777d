"""One picture of a data set with its labels, and the three splits of a set."""

from dataclasses import dataclass
from pathlib import Path

from reid_lightning.data.pictures import Box, Picture

JUNK, DISTRACTOR = -1, 0  # pids


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture.

    Args:
        path: of its file.
        pid: the person; -1 is junk, 0 a distractor.
        camid: the camera, from 0.
        sequence, frame: of the camera, where frames are counted anew in every sequence.
        time: in frames on the camera's clock, if known.
        box: of a crop that is cut out of the file's picture: left, top, right, bottom, in pixels.
    """

    path: Path
    pid: int
    camid: int
    sequence: int = 1
    frame: int = 0
    time: int | None = None
    box: Box | None = None

    @property
    def picture(self) -> Picture:
        """Where its pixels are."""
        return Picture(self.path, self.box)


@dataclass(frozen=True, slots=True)
class Splits:
    """The samples of a set: to train on, and the official query and gallery.

    `not_read` are the files and folders beside the pictures that are no pictures to the reader.
    """

    train: tuple[Sample, ...]
    query: tuple[Sample, ...]
    gallery: tuple[Sample, ...]
    not_read: tuple[Path, ...] = ()
