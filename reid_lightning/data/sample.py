"""One picture of a data set with its labels, and the three splits of a set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reid_lightning.data.pictures import Box, Picture

JUNK_PID = -1

Role = Literal["person", "distractor", "junk"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture.

    Args:
        path: of its file.
        pid: who is on it. Junk has -1; in `DatasetFolder.official`, every distractor has a pid of
            its own that no person has.
        camid: the camera, from 0.
        sequence, frame: of the camera, where frames are counted anew in every sequence.
        time: in frames on the camera's clock, if known.
        role: `person`; `distractor`, a stranger whom nobody looks for; or `junk`, which does not
            count.
        box: of a crop that is cut out of the file's picture: left, top, right, bottom, in pixels.
        identity, camera: the names that pid and camid stand for, where they have some.
    """

    path: Path
    pid: int
    camid: int
    sequence: int = 1
    frame: int = 0
    time: int | None = None
    role: Role = "person"
    box: Box | None = None
    identity: str = field(default="", compare=False)
    camera: str = field(default="", compare=False)

    @property
    def person(self) -> str:
        """Who is on it, as the set's own files say."""
        return self.identity or str(self.pid)

    @property
    def taken_by(self) -> str:
        """The camera, as the set's own files say; from 1 where they count in Market-1501's way."""
        return self.camera or str(self.camid + 1)

    @property
    def picture(self) -> Picture:
        """Where its pixels are."""
        return Picture(self.path, self.box)


@dataclass(frozen=True, slots=True)
class Splits:
    """The samples of a set: to train on, and the official query and gallery.

    Without cameras (`has_cameras` false), every picture has a camid of its own, the same in query
    and gallery: all gallery pictures of a query's person count but the query itself. `not_read`
    are the files and folders beside the pictures that are no pictures to the reader.
    """

    train: tuple[Sample, ...]
    query: tuple[Sample, ...]
    gallery: tuple[Sample, ...]
    has_cameras: bool = True
    not_read: tuple[Path, ...] = ()
