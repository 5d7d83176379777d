"""What a picture is: file names, splits, the synthetic set, PK batches, transforms."""

from reid_lightning.data.datamodule import ReIDDataModule

__all__ = ["ReIDDataModule"]
