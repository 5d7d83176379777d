"""The input pipeline that peers have: each picture decoded, transformed and collated by itself."""

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
    """Pictures as peers load them: PIL and torchvision's transforms, one after the other."""

    def __init__(self, samples: Sequence[Sample], config: DictConfig) -> None:
        size, given = (config.data.height, config.data.width), config.augmentation
        self.samples, self.labels = samples, labels_of(samples)
        self.transform = v2.Compose(
            [
                v2.Resize(size),
                v2.RandomHorizontalFlip(given.flip),
                v2.RandomCrop(size, padding=round(given.crop_padding * size[0])),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
                v2.RandomErasing(given.erasing, scale=(0.02, 0.4), ratio=(0.3, 3.33)),
            ]
        )

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        sample = self.samples[index]
        with Image.open(sample.path) as picture:
            return self.transform(picture.convert("RGB")), self.labels[sample.pid]


def plain_batches(data: ReIDDataModule, config: DictConfig) -> Iterator[list[Tensor]]:
    """Endless batches of images [B, 3, H, W] and labels [B], from a loader with two workers."""
    batches = [draw.pictures for draw in data.train_batches(0, 1)] * 1_000
    pictures = PlainPictures(data.folder.read()[1].train, config)
    yield from DataLoader(pictures, batch_sampler=batches, num_workers=2)
