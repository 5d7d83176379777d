"""Augmentation of a whole batch on any device, each picture by its own random numbers."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from torch import Tensor

from reid_lightning.data.augmentation.crop import CROP_COLUMNS, windows
from reid_lightning.data.augmentation.cropped import cropped_input
from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS, boxes
from reid_lightning.data.augmentation.jitter import color_jitter
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.data.augmentation.uniforms import Uniforms
from reid_lightning.signatures import Share, checked

Strength = Annotated[float, Ge(0), Le(10)]
Hue = Annotated[float, Ge(0), Le(0.5)]

_SPLITS = (CROP_COLUMNS, CROP_COLUMNS + ERASING_COLUMNS)  # flip and crop are one operation


@checked("augmentation")
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
        flip: Share = 0.0,
        crop_padding: Share = 0.0,
        erasing: Share = 0.0,
        jitter: tuple[Strength, Strength, Strength, Hue] = (0, 0, 0, 0),
    ) -> None:
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
        if not (self.flip or self.crop_padding or self.erasing):
            return to_network_input(pictures)
        return cropped_input(
            pictures,
            windows(crop, self.flip, round(self.crop_padding * height)),
            boxes(box, height, width, self.erasing),
        )
