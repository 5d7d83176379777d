"""A data set's folder: drawn or extracted where that is asked for, and read once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reid_lightning.data.archive import extract_once
from reid_lightning.data.sample import Splits
from reid_lightning.data.readers.market1501 import find_layout, read_distractors, read_splits
from reid_lightning.data.splits import hold_out
from reid_lightning.errors import ReIDError, check_at_least, check_choice


class DatasetFolder:
    """A data set in the Market-1501 layout.

    Args:
        name: how the set is called in every table.
        root: its folder (or the folder that holds its folder).
        source: where the set can be had, told if it is not there.
        draw: draws the set into `root` before it is read (the synthetic set).
        archive: a zip file that is extracted to `root` once.
        expected: the official counts, as `split_counts` gives them; a difference is told.
        clock: `sequences`, or `none` where frame numbers are no times.
        val_identities: training identities held out to validate on; 0 validates on the official
            query and gallery.
        extra_gallery: folders of pictures that join the official gallery as distractors.
    """

    def __init__(
        self,
        *,
        name: str,
        root: str | Path,
        source: str,
        clock: str = "sequences",
        val_identities: int = 0,
        archive: str | Path | None = None,
        draw: Callable[[Path], Path] | None = None,
        expected: Mapping[str, Mapping[str, int]] | None = None,
        extra_gallery: Sequence[str | Path] = (),
    ) -> None:
        check_choice("data.clock", clock, ("sequences", "none"))
        check_at_least("data.val_identities", val_identities, 0)
        self.title, self.root, self.source, self.clock = name, Path(root), source, clock
        self.archive = None if archive is None else Path(archive)
        self.draw, self.expected, self.val_identities = draw, expected, val_identities
        folders = [extra_gallery] if isinstance(extra_gallery, str) else extra_gallery
        self.extra_gallery = [Path(folder).expanduser() for folder in folders]
        if extra_gallery and expected:  # the official gallery's counts are not this one's
            self.expected = {split: expected[split] for split in expected if split != "gallery"}
        self.splits: tuple[Splits, Splits] | None = None

    @property
    def validated_on(self) -> str:
        """Which pictures `val/` scores are computed on: to stand beside every one of them."""
        if self.val_identities:
            return f"{self.val_identities} held-out training identities"
        return "official query/gallery"

    def prepare(self) -> None:
        """Draw or extract the set where that is asked for and was not done before."""
        if self.draw is not None:
            self.draw(self.root)
        if self.archive is not None:
            extract_once(self.archive, self.root)

    def read(self) -> tuple[Splits, Splits]:
        """The official splits, and those trained and validated on.

        Raises:
            ReIDError: the set is not there, or is not in the Market-1501 layout.
        """
        if self.splits is None:
            self.prepare()
            official = self._official()
            count = self.val_identities
            self.splits = official, hold_out(official.train, count) if count else official
        return self.splits

    def _official(self) -> Splits:
        folder = find_layout(self.root)
        if folder is None:
            raise ReIDError(
                f"No data set in the Market-1501 layout at {self.root.absolute()} (data.root): "
                f"no folder bounding_box_train there or one level below. {self.title} can be had "
                f"from {self.source}; data=synthetic needs nothing."
            )
        splits = read_splits(folder, self.clock)
        extra = [sample for folder in self.extra_gallery for sample in read_distractors(folder)]
        return replace(splits, gallery=(*splits.gallery, *extra))
