"""Augmentation of a whole batch on any device, each picture by its own random numbers."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from reid_lightning.data.augmentation.crop import CROP_COLUMNS, Uniforms, flip_and_crop
from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS, boxes, erase
from reid_lightning.data.augmentation.jitter import JITTER_COLUMNS, color_jitter
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.errors import check_at_least, check_at_most
from reid_lightning.seeds import random_stream

# Random numbers of a picture for each augmentation, from a stream of its own: what one of them does
# to a picture depends neither on which others are on nor on which others there are.
STREAMS = {"flip": 1, "crop": 2, "erasing": ERASING_COLUMNS, "jitter": JITTER_COLUMNS}
COLUMNS = sum(STREAMS.values())
_SPLITS = (CROP_COLUMNS, CROP_COLUMNS + ERASING_COLUMNS)  # flip and crop are one operation


def sample_uniforms(seed: int, position: Sequence[int], count: int) -> Uniforms:
    """Sample the random numbers of one process's batch.

    A picture's numbers are a function of (seed, epoch, step, its index in the global batch), so
    that they do not depend on the number of processes.

    Args:
        seed: the run's seed.
        position: epoch, step, and the index of the first picture in the global batch.
        count: pictures in the batch.

    Returns:
        float64 [count, COLUMNS], uniform in [0, 1).
    """
    epoch, step, first = position
    parts = [
        random_stream(name, seed, epoch, step).random((first + count, columns))[first:]
        for name, columns in STREAMS.items()
    ]
    return np.hstack(parts)


class Augmentation:
    """Colour jitter, flip, crop, normalisation, erasing, in this order.

    Distributed as torchvision's v2.ColorJitter, RandomHorizontalFlip, RandomCrop and RandomErasing
    of a resized picture.

    Args:
        flip: probability of a left-right flip.
        crop_padding: share of the height by which every side is padded with black, before a
            random crop to the old size.
        erasing: probability of random erasing (Zhong et al. 2020), filled with the mean colour.
        jitter: strengths of brightness, contrast, saturation and hue jitter.

    Raises:
        ReIDError: an argument is out of its range.
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

    def __call__(self, pictures: Tensor, uniforms: Uniforms) -> Tensor:
        """Pixels uint8 [B, H, W, 3] → the network's input, float32 [B, 3, H, W].

        Args:
            pictures: uint8 [B, H, W, 3].
            uniforms: [B, COLUMNS], on the host: every random decision is made there, so that the
                host never waits for the device.
        """
        _, height, width, _ = pictures.shape
        crop, box, colour = np.split(uniforms, _SPLITS, axis=1)
        if any(self.jitter):
            pictures = color_jitter(pictures, colour, self.jitter)
        if self.flip or self.crop_padding:
            padding = round(self.crop_padding * height)
            pictures = flip_and_crop(pictures, crop, self.flip, padding)
        images = to_network_input(pictures)
        erase(images, boxes(box, height, width, self.erasing))
        return images
