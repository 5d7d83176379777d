"""The input pipeline of peers: each picture is decoded, transformed and collated on its own."""

from collections.abc import Iterator, Sequence

import torch
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD
from reid_lightning.data.sample import Sample
from reid_lightning.data.splits import labels_of


class PlainPictures(Dataset[tuple[Tensor, int]]):
    """Pictures as peers load them: PIL, then torchvision's transforms."""

    def __init__(self, samples: Sequence[Sample], config: DictConfig) -> None:
        size, augmentation = (config.data.height, config.data.width), config.augmentation
        self.samples, self.labels = samples, labels_of(samples)
        self.transform = v2.Compose(
            [
                v2.Resize(size),
                v2.RandomHorizontalFlip(augmentation.flip),
                v2.RandomCrop(size, padding=round(augmentation.crop_padding * size[0])),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
                v2.RandomErasing(augmentation.erasing, scale=(0.02, 0.4), ratio=(0.3, 3.33)),
            ]
        )

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        sample = self.samples[index]
        with Image.open(sample.path) as picture:
            return self.transform(picture.convert("RGB")), self.labels[sample.pid]


def plain_batches(data: ReIDDataModule, config: DictConfig) -> Iterator[list[Tensor]]:
    """Endless batches of images [B, 3, H, W] and labels [B], from a loader with two workers."""
    pk_batches = data.train_batches(0, 1)
    batches = [pk_batches.batch(0, step).pictures for step in range(len(pk_batches))] * 1_000
    pictures = PlainPictures(data.folder.used.train, config)
    yield from DataLoader(pictures, batch_sampler=batches, num_workers=2)
