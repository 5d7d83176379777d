"""What a picture is: file names, splits, the synthetic set, decoded pictures, batches, augmentation."""

from reid_lightning.data.augmentation.augmentation import Augmentation
from reid_lightning.data.datamodule import ReIDDataModule

__all__ = ["Augmentation", "ReIDDataModule"]
