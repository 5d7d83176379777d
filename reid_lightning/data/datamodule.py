"""The LightningDataModule: deals PK batches of a set and hands out pictures to score."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from torch import Tensor
from torch.utils.data import DataLoader

from reid_lightning.data.augmentation.augmentation import uniforms
from reid_lightning.data.augmentation.crop import Uniforms
from reid_lightning.data.datasets import Batch, EvalPictures, TrainPictures
from reid_lightning.data.eval_batches import EvalBatches
from reid_lightning.data.loaders import make_loader
from reid_lightning.data.sample import Splits
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.data.pictures import Source
from reid_lightning.data.pk_batches import PKBatches
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.splits import labels_of
from reid_lightning.data.store import open_source
from reid_lightning.errors import check_at_least


class ReIDDataModule(pl.LightningDataModule):
    """A data set in the Market-1501 layout, as batches.

    Args:
        height, width: of the network's input, in pixels.
        p, k: identities in one process's batch, and pictures of each.
        eval_batch_size: pictures in one process's batch when scoring.
        workers: loader processes, where they have something to do.
        cache: the folder of decoded pictures.
        cache_gib: the largest store of decoded pictures; the training pictures make one, queries
            and gallery another. What would take more is decoded in every epoch.
        seed: of batches and augmentation.
        augmentation: pixels and random numbers → the network's input.
        folders: what `DatasetFolder` takes.
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        p: int,
        k: int,
        eval_batch_size: int,
        workers: int,
        cache: str | Path,
        cache_gib: float,
        seed: int,
        augmentation: Callable[[Tensor, Uniforms], Tensor],
        **folders: Any,
    ) -> None:
        super().__init__()
        self.folder = DatasetFolder(**folders)
        for key, value in (
            ("height", height), ("width", width), ("p", p), ("k", k),
            ("eval_batch_size", eval_batch_size),
        ):
            check_at_least(f"data.{key}", value, 1)
        check_at_least("data.workers", workers, 0)
        check_at_least("data.cache_gib", cache_gib, 0)
        self.height, self.width, self.p, self.k = height, width, p, k
        self.eval_batch_size, self.workers, self.seed = eval_batch_size, workers, seed
        self.cache, self.cache_gib, self.augmentation = Path(cache), cache_gib, augmentation
        self.pixels: dict[str, Source] = {}
        self.begin = (0, 0)  # epoch and step of the first batch

    def prepare_data(self) -> None:
        """Draw or extract the set, on one process of a machine."""
        self.folder.prepare()

    @property
    def num_classes(self) -> int:
        """Identities trained on."""
        return len(labels_of(self.folder.read()[1].train))

    def train_batches(self, rank: int, world_size: int) -> PKBatches:
        """The PK batch sampler of one rank."""
        train = self.folder.read()[1].train
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
        train = self.folder.read()[1].train
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

    def train_dataloader(self) -> DataLoader[Batch]:
        """PK batches of training pictures."""
        train, pixels = self.folder.read()[1].train, self._pixels("train")
        pictures = TrainPictures(train, labels_of(train), pixels)
        return self._loader(pictures, self.train_batches(**self._place()), pixels)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Queries and gallery to validate on."""
        return self._eval_loader(self.folder.read()[1], "train" if self.folder.val_identities else "test")

    def test_dataloader(self) -> DataLoader[Batch]:
        """The official queries and gallery."""
        return self._eval_loader(self.folder.read()[0], "test")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The official queries and gallery."""
        return self.test_dataloader()

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """On the device: pixels → the network's input, augmented where it is trained on."""
        pictures, place = batch["image"], batch.pop("place", None)
        if place is None:
            return batch | {"image": to_network_input(pictures)}
        draws = uniforms(self.seed, place, len(pictures))
        return batch | {"image": self.augmentation(pictures, draws)}

    def _eval_loader(self, splits: Splits, folder: str) -> DataLoader[Batch]:
        pixels = self._pixels(folder)
        pictures = EvalPictures(splits.query, splits.gallery, pixels)
        batches = EvalBatches(len(pictures), self.eval_batch_size, **self._place())
        return self._loader(pictures, batches, pixels)

    def _pixels(self, folder: str) -> Source:
        """Of bounding_box_train (`train`), or of the official queries and gallery (`test`)."""
        if folder not in self.pixels:
            official = self.folder.read()[0]
            samples = official.train if folder == "train" else official.query + official.gallery
            paths, size = [s.path for s in samples], (self.height, self.width)
            self.pixels[folder] = open_source(
                paths, *size, folder=self.cache, budget_gib=self.cache_gib
            )
        return self.pixels[folder]

    def _place(self) -> dict[str, int]:
        rank, size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return {"rank": rank, "world_size": size}

    def _loader(self, pictures: Any, batches: Any, pixels: Source) -> DataLoader[Batch]:
        gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return make_loader(pictures, batches, pixels, workers=self.workers, gpu=gpu)
