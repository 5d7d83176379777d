"""Data sets, splits, decoded pictures, batches, augmentation."""

from reid_lightning.data.augmentation.augmentation import Augmentation
from reid_lightning.data.datamodule import ReIDDataModule

__all__ = ["Augmentation", "ReIDDataModule"]
