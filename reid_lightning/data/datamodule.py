"""The LightningDataModule: reads a set once, deals PK batches, and hands out pictures to score."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from reid_lightning.data.archive import extract_once
from reid_lightning.data.eval_batches import EvalBatches
from reid_lightning.data.market1501 import Splits, find_layout, read_splits
from reid_lightning.data.pictures import EvalItem, EvalPictures, TrainItem, TrainPictures, Transform
from reid_lightning.data.pk_batches import PKBatches
from reid_lightning.data.splits import hold_out, labels_of
from reid_lightning.data.transforms import eval_transform
from reid_lightning.errors import ReIDError, check_at_least, check_choice


class ReIDDataModule(pl.LightningDataModule):
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
        height, width: of the network's input, in pixels.
        p, k: identities in one process's batch, and pictures of each.
        eval_batch_size: pictures in one process's batch when scoring.
        workers: loader processes.
        seed: of batches and augmentation.
        augmentation: makes the training transform from height and width.
    """

    def __init__(
        self,
        *,
        name: str,
        root: str | Path,
        source: str,
        height: int,
        width: int,
        p: int,
        k: int,
        eval_batch_size: int,
        workers: int,
        seed: int,
        augmentation: Callable[[int, int], Transform],
        clock: str = "sequences",
        val_identities: int = 0,
        archive: str | Path | None = None,
        draw: Callable[[Path], Path] | None = None,
        expected: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        super().__init__()
        check_choice("data.clock", clock, ("sequences", "none"))
        for key, value in (("p", p), ("k", k), ("eval_batch_size", eval_batch_size)):
            check_at_least(f"data.{key}", value, 1)
        for key, value in (("val_identities", val_identities), ("workers", workers)):
            check_at_least(f"data.{key}", value, 0)
        self.title, self.root, self.source, self.clock = name, Path(root), source, clock
        self.archive = None if archive is None else Path(archive)
        self.draw, self.expected, self.val_identities = draw, expected, val_identities
        self.height, self.width, self.p, self.k = height, width, p, k
        self.eval_batch_size, self.workers, self.seed = eval_batch_size, workers, seed
        self.augmentation = augmentation
        self.begin = (0, 0)  # epoch and step of the first batch
        self.official: Splits | None = None
        self.splits: Splits | None = None

    @property
    def validated_on(self) -> str:
        """Which pictures `val/` scores are computed on: to stand beside every one of them."""
        if self.val_identities:
            return f"{self.val_identities} held-out training identities"
        return "official query/gallery"

    def prepare_data(self) -> None:
        """Draw or extract the set where that is asked for and was not done before."""
        if self.draw is not None:
            self.draw(self.root)
        if self.archive is not None:
            extract_once(self.archive, self.root)

    def setup(self, stage: str | None = None) -> None:
        """Read the file names.

        Raises:
            ReIDError: the set is not there, or is not in the Market-1501 layout.
        """
        if self.splits is not None:
            return
        folder = find_layout(self.root)
        if folder is None:
            raise ReIDError(
                f"No data set in the Market-1501 layout at {self.root.absolute()} (data.root): "
                f"no folder bounding_box_train there or one level below. {self.title} can be had "
                f"from {self.source}; data=synthetic needs nothing."
            )
        self.official = read_splits(folder, self.clock)
        self.splits = (
            hold_out(self.official.train, self.val_identities)
            if self.val_identities
            else self.official
        )

    def read(self) -> tuple[Splits, Splits]:
        """The official splits, and those trained and validated on."""
        if self.official is None or self.splits is None:
            self.prepare_data()
            self.setup()
        assert self.official is not None and self.splits is not None
        return self.official, self.splits

    @property
    def num_classes(self) -> int:
        """Identities trained on."""
        return len(labels_of(self.read()[1].train))

    def train_batches(self, rank: int, world_size: int) -> PKBatches:
        """The PK batch sampler of one rank."""
        train = self.read()[1].train
        labels = labels_of(train)
        return PKBatches(
            [labels[s.pid] for s in train],
            p=self.p,
            k=self.k,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
            epoch=self.begin[0],
            step=self.begin[1],
        )

    def training_files(self, indices: Iterable[int]) -> list[Path]:
        """The files of training pictures."""
        train = self.read()[1].train
        return [train[index].path for index in indices]

    def state_dict(self) -> dict[str, int]:
        """Where the batches after those trained on (loader processes are ahead of it) begin."""
        assert self.trainer is not None
        trained, steps = self.trainer.fit_loop.batch_idx + 1, int(self.trainer.num_training_batches)
        whole, step = divmod(trained, steps)
        return {"epoch": self.trainer.current_epoch + whole, "step": step, "steps": steps}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Begin there.

        Lightning calls it before it asks for the training loader, whose processes begin to fetch
        at once: before Lightning tells them an epoch.
        """
        self.begin = (state_dict["epoch"], state_dict["step"])

    def train_dataloader(self) -> DataLoader[TrainItem]:
        """PK batches of augmented training pictures."""
        train = self.read()[1].train
        pictures = TrainPictures(
            train, labels_of(train), self.augmentation(self.height, self.width)
        )
        return self._loader(pictures, self.train_batches(*self._place()))

    def val_dataloader(self) -> DataLoader[EvalItem]:
        """Queries and gallery to validate on."""
        return self._eval_loader(self.read()[1])

    def test_dataloader(self) -> DataLoader[EvalItem]:
        """The official queries and gallery."""
        return self._eval_loader(self.read()[0])

    def _eval_loader(self, splits: Splits) -> DataLoader[EvalItem]:
        pictures = EvalPictures(
            splits.query, splits.gallery, eval_transform(self.height, self.width)
        )
        rank, world_size = self._place()
        batches = EvalBatches(
            len(pictures), self.eval_batch_size, rank=rank, world_size=world_size
        )
        return self._loader(pictures, batches)

    def _place(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _loader(self, pictures: Any, batches: Any) -> DataLoader[Any]:
        return DataLoader(
            pictures,
            batch_sampler=batches,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.workers > 0,
        )
