"""The LightningDataModule: PK batches to train on, query and gallery batches to score."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated

import pytorch_lightning as pl
import torch
from annotated_types import Ge, Le
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from typing_extensions import Unpack

from reid_lightning.data.augmentation.streams import augmentation_uniforms
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.data.augmentation.uniforms import Uniforms
from reid_lightning.data.batch_numbers import BatchNumbers, next_position
from reid_lightning.data.dataset_folder import DatasetFolder, FolderArguments
from reid_lightning.data.datasets import Batch, EvalPictures, TrainPictures
from reid_lightning.data.device_store import DeviceStoreChoice
from reid_lightning.data.eval_batches import eval_batch_size, eval_batches
from reid_lightning.data.loaders import make_loader
from reid_lightning.data.pictures import Source
from reid_lightning.data.pk_batches import PKBatches
from reid_lightning.data.sample import Splits
from reid_lightning.data.set_pixels import Files, SetPixels
from reid_lightning.data.splits import labels_of
from reid_lightning.signatures import Count, FilePath, Natural, NonNegative, Size, checked


@checked("data")
class ReIDDataModule(pl.LightningDataModule):
    """A data set as batches.

    Args:
        height, width: of the network's input, in pixels.
        p, k: identities in one process's batch, and pictures of each.
        eval_batch_size: the most pictures in one process's batch when scoring; None: 128 on a CPU,
            512 on a GPU.
        workers: the most loader processes; none are started where they would not help.
        cache: the folder of decoded pictures.
        cache_gib: the largest store of decoded pictures, in GiB; the training pictures make one
            store, queries and gallery another. Pictures of a larger set are decoded in every epoch.
        device_store: whether the device that trains keeps the training pictures: true, false, or
            `auto`, a GPU with memory enough.
        seed: of batches and augmentation.
        augmentation: pixels uint8 [B, H, W, 3] and uniforms [B, COLUMNS] → the network's input.
        folders: the arguments of `DatasetFolder`.

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        height: Size,
        width: Size,
        p: Annotated[int, Ge(1), Le(8192)],
        k: Annotated[int, Ge(1), Le(8192)],
        eval_batch_size: Count | None = None,
        workers: Annotated[int, Ge(0), Le(1024)],
        cache: FilePath,
        cache_gib: NonNegative,
        device_store: DeviceStoreChoice = "auto",
        seed: Natural,
        augmentation: Callable[[Tensor, Uniforms], Tensor],
        **folders: Unpack[FolderArguments],
    ) -> None:
        super().__init__()
        self.folder = DatasetFolder(cache=cache, **folders)
        self.height, self.width, self.p, self.k = height, width, p, k
        self.eval_batch_size, self.workers, self.seed = eval_batch_size, workers, seed
        self.augmentation = augmentation
        self.pixels = SetPixels(
            self.folder, (height, width), Path(cache), cache_gib=cache_gib, device=device_store
        )
        self.first_epoch, self.first_step = 0, 0

    def prepare_data(self) -> None:
        """Draw or extract the set, on one process of a machine."""
        self.folder.prepare()

    @property
    def num_classes(self) -> int:
        """The number of training identities."""
        return len(labels_of(self.folder.used.train))

    def train_batches(self, rank: int, world_size: int) -> PKBatches:
        """The PK batches of one rank.

        Raises:
            ReIDError: a global batch needs more identities than the set has.
        """
        train = self.folder.used.train
        label_of = labels_of(train)
        labels, of_rank = [label_of[s.pid] for s in train], {"rank": rank, "world_size": world_size}
        return PKBatches(labels, p=self.p, k=self.k, seed=self.seed, **of_rank)

    def training_files(self, indices: Iterable[int]) -> list[Path]:
        """The files of training pictures, by their index in the training split."""
        return [self.folder.used.train[index].path for index in indices]

    def position(self) -> dict[str, int]:
        """The next batch to train on, for a checkpoint."""
        assert self.trainer is not None
        trained, steps = self.trainer.fit_loop.batch_idx + 1, int(self.trainer.num_training_batches)
        return next_position(self.trainer.current_epoch, trained, steps)

    def begin_at(self, position: Mapping[str, int]) -> None:
        """Begin training at a `position()`.

        To be called before `train_dataloader`: its processes fetch their first batches at once,
        before Lightning sets the sampler's epoch.
        """
        self.first_epoch, self.first_step = position["epoch"], position["step"]

    def train_dataloader(self) -> DataLoader[Batch]:
        """PK batches of training pictures."""
        batches = self.train_batches(**self._rank_info())
        source = self.pixels.train_source(self._device)
        pictures = TrainPictures(self.folder.used.train, batches, source)
        numbers = BatchNumbers(len(batches), epoch=self.first_epoch, step=self.first_step)
        return self._loader(pictures, source, numbers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The queries and gallery to validate on."""
        files: Files = "train" if self.folder.val_identities else "test"
        return self._eval_loader(self.folder.used, files)

    def test_dataloader(self) -> DataLoader[Batch]:
        """The official queries and gallery."""
        return self._eval_loader(self.folder.official, "test")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The official queries and gallery."""
        return self.test_dataloader()

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """On the device: pixels → the network's input; training pictures are augmented."""
        position = batch.pop("position", None)
        if position is None:
            return batch | {"image": to_network_input(batch["image"])}
        pictures = self.pixels.of_training_batch(batch)
        uniforms = augmentation_uniforms(self.seed, position, len(pictures))
        return batch | {"image": self.augmentation(pictures, uniforms)}

    def teardown(self, stage: str) -> None:
        """Free the device's memory after a training."""
        if stage == "fit":
            self.pixels.free_device()

    def _eval_loader(self, splits: Splits, files: Files) -> DataLoader[Batch]:
        source, count = self.pixels.source(files), len(splits.query) + len(splits.gallery)
        size = eval_batch_size(self.eval_batch_size, self._device)
        batches = eval_batches(count, size, **self._rank_info())
        pictures = EvalPictures(splits.query, splits.gallery, batches, source)
        return self._loader(pictures, source)

    def _loader(
        self, batches: Dataset[Batch], source: Source | None, sampler: BatchNumbers | None = None
    ) -> DataLoader[Batch]:
        gpu = self._device.type == "cuda"
        return make_loader(batches, source, workers=self.workers, gpu=gpu, sampler=sampler)

    def _rank_info(self) -> dict[str, int]:
        rank, size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return {"rank": rank, "world_size": size}

    @property
    def _device(self) -> torch.device:
        return self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
