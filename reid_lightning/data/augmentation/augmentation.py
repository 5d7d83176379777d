"""Augmentation of a whole batch, each picture by its own random numbers, on whatever device."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from reid_lightning.data.augmentation.crop import CROP_COLUMNS, Uniforms, flip_and_crop
from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS, boxes, erase
from reid_lightning.data.augmentation.jitter import JITTER_COLUMNS, color_jitter
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.errors import check_at_least, check_at_most

# A picture's random numbers are the same whatever is switched on, so that studies compare one
# augmentation at a time.
_SPLITS = (CROP_COLUMNS, CROP_COLUMNS + ERASING_COLUMNS)
COLUMNS = CROP_COLUMNS + ERASING_COLUMNS + JITTER_COLUMNS
_STREAM = 1  # the sampler's streams are (seed, epoch)


def uniforms(seed: int, place: tuple[int, int, int], count: int) -> Uniforms:
    """Random numbers [count, COLUMNS] in [0, 1) for the pictures at `place`.

    They are a function of (seed, epoch, step, place in the global batch): the rows of a process
    whose first picture stands at `first` are those that one process alone draws for these pictures.

    Args:
        seed: the run's.
        place: epoch, step, and the first picture's place in the global batch.
        count: pictures.
    """
    epoch, step, first = place
    rng = np.random.default_rng([seed, epoch, step, _STREAM])
    return rng.random((first + count, COLUMNS))[first:]


class Augmentation:
    """Colour jitter, flip, crop, normalisation, erasing, in this order.

    They are in distribution what torchvision's v2.ColorJitter, RandomHorizontalFlip, RandomCrop and
    RandomErasing do to a resized picture.

    Args:
        flip: probability of a left-right flip.
        crop_padding: pad every side with black by this share of the height, then crop at random.
        erasing: probability of random erasing (Zhong et al. 2020), filled with the mean colour.
        jitter: strengths of brightness, contrast, saturation and hue jitter.

    Raises:
        ReIDError: one of them is out of its range.
    """

    def __init__(
        self,
        *,
        flip: float = 0.0,
        crop_padding: float = 0.0,
        erasing: float = 0.0,
        jitter: Sequence[float] = (0, 0, 0, 0),
    ) -> None:
        for name, value in (("flip", flip), ("crop_padding", crop_padding), ("erasing", erasing)):
            check_at_least(f"augmentation.{name}", value, 0)
            check_at_most(f"augmentation.{name}", value, 1)
        check_at_least("the length of augmentation.jitter", len(jitter), 4)
        check_at_least("augmentation.jitter", min(jitter), 0)
        check_at_most("the hue of augmentation.jitter", jitter[3], 0.5)
        self.flip, self.crop_padding, self.erasing = flip, crop_padding, erasing
        self.jitter = tuple(jitter)

    def __call__(self, pictures: Tensor, draws: Uniforms) -> Tensor:
        """Pixels uint8 [B, H, W, 3] → the network's input [B, 3, H, W].

        Everything random is decided on the host from `draws`, so that a device is never waited for.
        """
        _, height, width, _ = pictures.shape
        place, box, colour = np.split(draws, _SPLITS, axis=1)
        if any(self.jitter):
            pictures = color_jitter(pictures, colour, self.jitter)
        if self.flip or self.crop_padding:
            padding = round(self.crop_padding * height)
            pictures = flip_and_crop(pictures, place, self.flip, padding)
        images = to_network_input(pictures)
        erase(images, boxes(box, height, width, self.erasing))
        return images
