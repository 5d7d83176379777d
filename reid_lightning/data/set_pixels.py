"""The pixels of a set's pictures: decoded once, and of training pictures on the device."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.datasets import Batch
from reid_lightning.data.device_store import DeviceStoreChoice, on_device
from reid_lightning.data.pictures import Source
from reid_lightning.data.store import open_source

Files = Literal["train", "test"]  # the official training pictures, or queries and gallery


class SetPixels:
    """A set's pictures at one size; each source is made when it is first asked for.

    Args:
        folder: of the set.
        size: height and width, in pixels.
        cache: the folder of decoded pictures.
        cache_gib: the largest store of them, in GiB.
        device: whether the device that trains keeps the training pictures.
    """

    def __init__(
        self,
        folder: DatasetFolder,
        size: tuple[int, int],
        cache: Path,
        *,
        cache_gib: float,
        device: DeviceStoreChoice,
    ) -> None:
        self.folder, self.size, self.cache, self.cache_gib = folder, size, cache, cache_gib
        self.device = device
        self.sources: dict[Files, Source] = {}
        self.on_device: Tensor | None = None  # uint8 [training pictures, height, width, 3]

    def source(self, files: Files) -> Source:
        """Where pixels are read from."""
        if files not in self.sources:
            official = self.folder.official
            train = [s.picture for s in official.train]
            test = [s.picture for s in official.query + official.gallery]
            self.sources[files] = open_source(
                train if files == "train" else test,
                *self.size,
                folder=self.cache,
                budget_gib=self.cache_gib,
                whole_set=train + test,
            )
        return self.sources[files]

    def train_source(self, device: torch.device) -> Source | None:
        """Of the pictures to train on; None if the device keeps them, from now on."""
        source = self.source("train")
        if self.on_device is None:
            train = [sample.picture for sample in self.folder.used.train]
            self.on_device = on_device(self.device, source, train, device)
        return source if self.on_device is None else None

    def of_training_batch(self, batch: Batch) -> Tensor:
        """The pictures of a batch on the device: uint8 [B, height, width, 3]."""
        if self.on_device is None:
            pictures: Tensor = batch["image"]
            return pictures
        return self.on_device.index_select(0, batch["index"])

    def free_device(self) -> None:
        """Give its memory back."""
        self.on_device = None
