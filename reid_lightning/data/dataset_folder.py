"""A data set's folder: drawn or extracted first if configured, and read once."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypedDict

from typing_extensions import Required

from reid_lightning.data.archive import extract_once
from reid_lightning.data.clock import with_times
from reid_lightning.data.joined import training_of
from reid_lightning.data.picture_files import list_pictures
from reid_lightning.data.pictures import Unreadable
from reid_lightning.data.readers.market1501 import read_distractors, read_market1501
from reid_lightning.data.roles import people, with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.splits import hold_out, labels_of
from reid_lightning.data.unreadable import leave_out_unreadable
from reid_lightning.errors import ReIDError
from reid_lightning.signatures import FilePath, Name, Natural, checked

Clock = Literal["sequences", "none"]
OnUnreadable = Literal["error", "skip"]
Kind = Literal["pictures", "identities", "cameras", "junk", "distractors"]
Expected = Mapping[Literal["train", "query", "gallery"], Mapping[Kind, Natural]]


class FolderArguments(TypedDict, total=False):
    """The arguments of `DatasetFolder`."""

    name: Required[Name]
    root: Required[FilePath | None]
    source: str | None
    reader: Callable[..., Splits]
    clock: Clock
    distractor_pid: int | None
    val_identities: Natural
    archive: FilePath | None
    draw: Callable[[Path], Path] | None
    expected: Expected | None
    extra_gallery: FilePath | Sequence[FilePath]
    join: "Sequence[DatasetFolder]"
    on_unreadable: OnUnreadable


@checked("data")
class DatasetFolder:
    """A data set, read from its folder.

    Args:
        name: the set's name in every table.
        root: its folder; None: its reader knows where the pictures are.
        source: where the set can be downloaded, if anywhere, for the error if it is missing.
        reader: the folder → the three splits; by default, of the Market-1501 layout.
        clock: `sequences` if the reader's frame numbers are times, or `none`.
        distractor_pid: the pid of strangers whom nobody looks for, 0 in Market-1501; None: every
            pid from 0 is a person's.
        val_identities: training identities held out to validate on; 0 validates on the official
            query and gallery.
        archive: a zip file that is extracted to `root` once.
        draw: draws the set into `root` before it is read (the synthetic set).
        expected: the official counts, as `split_counts` gives them; a difference gives a warning.
        extra_gallery: folders of pictures to add to the official gallery as distractors.
        join: other sets, whose training pictures are trained on, too.
        on_unreadable: `skip` leaves out pictures that cannot be read; with `error`, they are
            errors where they are read.
        cache: the folder where it is kept which pictures can be read.

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        name: Name,
        root: FilePath | None,
        source: str | None = None,
        reader: Callable[..., Splits] = read_market1501,
        clock: Clock = "sequences",
        distractor_pid: int | None = None,
        val_identities: Natural = 0,
        archive: FilePath | None = None,
        draw: Callable[[Path], Path] | None = None,
        expected: Expected | None = None,
        extra_gallery: FilePath | Sequence[FilePath] = (),
        join: "Sequence[DatasetFolder]" = (),
        on_unreadable: OnUnreadable = "error",
        cache: FilePath = "~/.cache/reid-lightning",
    ) -> None:
        self.name, self.root, self.source = name, None if root is None else Path(root), source
        self.reader, self.clock, self.distractor_pid = reader, clock, distractor_pid
        self.archive = None if archive is None else Path(archive)
        self.draw, self.expected, self.val_identities = draw, expected, val_identities
        self.on_unreadable, self.cache = on_unreadable, Path(cache)
        self.join = list(join)
        self.left_out: list[Unreadable] = []  # of `official`, once that is read
        folders = [extra_gallery] if isinstance(extra_gallery, str | Path) else extra_gallery
        self.extra_gallery = [Path(folder).expanduser() for folder in folders]
        if extra_gallery and expected:  # the official counts do not include the added pictures
            self.expected = {split: expected[split] for split in expected if split != "gallery"}

    @property
    def title(self) -> str:
        """The set's name, and whether it has no cameras; reported with every score."""
        return self.name if self.official.has_cameras else f"{self.name} (no cameras)"

    @property
    def validated_on(self) -> str:
        """Which pictures `val/` scores are computed on; reported with every score."""
        if self.val_identities:
            return f"{self.val_identities} held-out training identities"
        return "official query/gallery"

    def prepare(self) -> None:
        """Draw or extract the sets if configured and not done before."""
        for folder in self.join:
            folder.prepare()
        if self.draw is None and self.archive is None:
            return
        if self.root is None:
            raise ReIDError("Name the folder to extract the set to: data.root=…")
        if self.draw is not None:
            self.draw(self.root)
        if self.archive is not None:
            extract_once(self.archive, self.root)

    @cached_property
    def official(self) -> Splits:
        """The official splits, with the extra gallery and the joined sets' training pictures.

        They are read from the folder at first use.

        Raises:
            ReIDError: the set is missing, or the reader finds another layout.
        """
        return replace(self._own, train=(*self._own.train, *self.joined_training))

    @cached_property
    def _own(self) -> Splits:
        self.prepare()
        if self.root is not None and not self.root.is_dir():
            download = f"download {self.name} from {self.source}" if self.source else "correct it"
            raise ReIDError(
                f"There is no data set at {self.root.absolute()} (data.root): {download}, or try "
                "data=synthetic, which needs no download."
            )
        splits = self.reader(self.root)
        if not isinstance(splits, Splits):
            raise ReIDError(
                f"data.reader gave {type(splits).__name__}, and not Splits (docs/extending.md)."
            )
        self._check_not_empty(splits)
        if self.clock == "sequences":
            splits = with_times(splits)
        extra = [list_pictures(folder) for folder in self.extra_gallery]
        added = read_distractors(path for files in extra for path in files.paths)
        not_read = (path for files in extra for path in files.not_read)
        splits = replace(
            splits,
            gallery=(*splits.gallery, *added),
            not_read=(*splits.not_read, *not_read),
        )
        splits = with_roles(splits, self.distractor_pid)
        if self.on_unreadable == "skip":
            splits, self.left_out = leave_out_unreadable(splits, self.cache)
            self._check_not_empty(splits)
        return splits

    @cached_property
    def used(self) -> Splits:
        """The splits trained and validated on: `official`, unless identities are held out.

        Only people are trained on.

        Raises:
            ReIDError: as `official` does, or too many identities are held out.
        """
        own = self._own
        if self.val_identities:
            own = hold_out(own.train, self.val_identities, has_cameras=own.has_cameras)
        elif len(people(own.train)) == len(own.train):
            return self.official
        return replace(own, train=(*people(own.train), *self.joined_training))

    @cached_property
    def identities(self) -> str:
        """Who is trained on: how many people of which sets, and a digest of who has which label.

        Equal texts are equal labels. The names of people are those of the set's own files.
        """
        sets = "+".join([self.name, *(folder.name for folder in self.join)])
        person_of = {s.pid: s.person for s in self.used.train}
        people = [person_of[pid] for pid in labels_of(self.used.train)]
        digest = hashlib.blake2b(json.dumps([sets, people]).encode(), digest_size=8).hexdigest()
        return f"{len(people)} people of {sets[:100]} ({digest})"

    @cached_property
    def joined_training(self) -> tuple[Sample, ...]:
        """The training pictures of the joined sets, whose people and cameras are others."""
        return training_of([folder.official for folder in self.join], self._own)

    def _check_not_empty(self, splits: Splits) -> None:
        read_from = "" if self.root is None else f", read from {self.root.absolute()} (data.root),"
        for name in ("train", "query", "gallery"):
            if not getattr(splits, name):
                raise ReIDError(f"The {name} split of {self.name}{read_from} has no picture.")
