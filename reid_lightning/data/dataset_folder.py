"""A data set's folder: drawn or extracted first if configured, and read once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypedDict

from typing_extensions import Required

from reid_lightning.data.archive import extract_once
from reid_lightning.data.clock import with_times
from reid_lightning.data.readers.market1501 import read_distractors, read_market1501
from reid_lightning.data.sample import Splits
from reid_lightning.data.splits import hold_out
from reid_lightning.errors import ReIDError
from reid_lightning.signatures import FilePath, Name, Natural, checked

Clock = Literal["sequences", "none"]
Kind = Literal["pictures", "identities", "cameras", "junk", "distractors"]
Expected = Mapping[Literal["train", "query", "gallery"], Mapping[Kind, Natural]]


class FolderArguments(TypedDict, total=False):
    """The arguments of `DatasetFolder`."""

    name: Required[Name]
    root: Required[FilePath]
    source: Required[str]
    reader: Callable[[Path], Splits]
    clock: Clock
    val_identities: Natural
    archive: FilePath | None
    draw: Callable[[Path], Path] | None
    expected: Expected | None
    extra_gallery: FilePath | Sequence[FilePath]


@checked("data")
class DatasetFolder:
    """A data set, read from its folder.

    Args:
        name: the set's name in every table.
        root: its folder.
        source: where the set can be downloaded, for the error if it is missing.
        reader: the folder → the three splits; by default, of the Market-1501 layout.
        clock: `sequences` if the reader's frame numbers are times, or `none`.
        val_identities: training identities held out to validate on; 0 validates on the official
            query and gallery.
        archive: a zip file that is extracted to `root` once.
        draw: draws the set into `root` before it is read (the synthetic set).
        expected: the official counts, as `split_counts` gives them; a difference gives a warning.
        extra_gallery: folders of pictures to add to the official gallery as distractors.

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        name: Name,
        root: FilePath,
        source: str,
        reader: Callable[[Path], Splits] = read_market1501,
        clock: Clock = "sequences",
        val_identities: Natural = 0,
        archive: FilePath | None = None,
        draw: Callable[[Path], Path] | None = None,
        expected: Expected | None = None,
        extra_gallery: FilePath | Sequence[FilePath] = (),
    ) -> None:
        self.title, self.root, self.source = name, Path(root), source
        self.reader, self.clock = reader, clock
        self.archive = None if archive is None else Path(archive)
        self.draw, self.expected, self.val_identities = draw, expected, val_identities
        folders = [extra_gallery] if isinstance(extra_gallery, str | Path) else extra_gallery
        self.extra_gallery = [Path(folder).expanduser() for folder in folders]
        if extra_gallery and expected:  # the official counts do not include the added pictures
            self.expected = {split: expected[split] for split in expected if split != "gallery"}

    @property
    def validated_on(self) -> str:
        """Which pictures `val/` scores are computed on; reported with every score."""
        if self.val_identities:
            return f"{self.val_identities} held-out training identities"
        return "official query/gallery"

    def prepare(self) -> None:
        """Draw or extract the set if configured and not done before."""
        if self.draw is not None:
            self.draw(self.root)
        if self.archive is not None:
            extract_once(self.archive, self.root)

    @cached_property
    def official(self) -> Splits:
        """The official splits, with the extra gallery; read from the folder at first use.

        Raises:
            ReIDError: the set is missing, or the reader finds another layout.
        """
        self.prepare()
        if not self.root.is_dir():
            raise ReIDError(
                f"There is no data set at {self.root.absolute()} (data.root): download "
                f"{self.title} from {self.source}, or try data=synthetic, which needs no download."
            )
        splits = self.reader(self.root)
        if not isinstance(splits, Splits):
            raise ReIDError(
                f"data.reader gave {type(splits).__name__}, and not Splits (docs/extending.md)."
            )
        for name in ("train", "query", "gallery"):
            if not getattr(splits, name):
                raise ReIDError(
                    f"The {name} split of {self.title}, read from {self.root.absolute()} "
                    "(data.root), has no picture."
                )
        if self.clock == "sequences":
            splits = with_times(splits)
        extra = [sample for folder in self.extra_gallery for sample in read_distractors(folder)]
        return replace(splits, gallery=(*splits.gallery, *extra))

    @cached_property
    def used(self) -> Splits:
        """The splits trained and validated on: `official`, unless identities are held out.

        Raises:
            ReIDError: as `official` does, or too many identities are held out.
        """
        if not self.val_identities:
            return self.official
        return hold_out(self.official.train, self.val_identities)
