"""From pixels to the network's input: random augmentation of whole batches, and normalisation."""

from reid_lightning.data.augmentation.augmentation import Augmentation

__all__ = ["Augmentation"]
