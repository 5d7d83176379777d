"""From pixels to the network's input: random changes of whole batches, and the normalisation."""

from reid_lightning.data.augmentation.augmentation import Augmentation

__all__ = ["Augmentation"]
