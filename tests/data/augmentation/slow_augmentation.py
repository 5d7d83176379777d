"""Augmentation of one picture after the other, as it was before whole batches were augmented."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data.augmentation.jitter import CHANGES
from reid_lightning.data.augmentation.to_input import IMAGENET_MEAN, IMAGENET_STD


def slow_augmentation(pictures: Tensor, uniforms: np.ndarray, **options: Any) -> Tensor:
    """What `Augmentation(**options)(pictures, uniforms)` is."""
    images = [
        augment_one(picture, *np.split(row, (3, 26)), **options)
        for picture, row in zip(pictures, uniforms, strict=True)
    ]
    return torch.stack(images).permute(0, 3, 1, 2)


def augment_one(
    picture: Tensor,
    crop: np.ndarray,
    box: np.ndarray,
    colour: np.ndarray,
    flip: float = 0,
    crop_padding: float = 0,
    erasing: float = 0,
    jitter: tuple[float, ...] = (0, 0, 0, 0),
) -> Tensor:
    height, width, _ = picture.shape
    if any(jitter):
        picture = jittered(picture, colour, jitter)
    if crop[0] < flip:
        picture = picture.flip(1)
    padding = round(crop_padding * height)
    top, left = (int(number * (2 * padding + 1)) for number in crop[1:])
    padded = torch.zeros(height + 2 * padding, width + 2 * padding, 3, dtype=torch.uint8)
    padded[padding : padding + height, padding : padding + width] = picture
    image = normalised(padded[top : top + height, left : left + width])
    if box[0] < erasing:
        erase(image, box[1:11], box[11:21], *box[21:])
    return image


def normalised(picture: Tensor) -> Tensor:
    height, width, _ = picture.shape
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    shift, scale = (-mean / std).repeat(width), (1 / (255 * std)).repeat(width)
    rows = picture.reshape(height, width * 3).to(torch.float32)
    return torch.addcmul(shift, rows, scale).view(height, width, 3)


def erase(image: Tensor, areas: np.ndarray, aspects: np.ndarray, down: float, right: float) -> None:
    height, width, _ = image.shape
    for share, shape in zip(areas, aspects, strict=True):
        area, aspect = height * width * (0.02 + (0.4 - 0.02) * share), 0.3 * (3.33 / 0.3) ** shape
        tall, wide = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if tall < height and wide < width:
            top, left = int(down * (height - tall + 1)), int(right * (width - wide + 1))
            image[top : top + tall, left : left + wide] = 0
            return


def jittered(picture: Tensor, numbers: np.ndarray, strengths: tuple[float, ...]) -> Tensor:
    image = picture.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format)[None]
    image = image.contiguous() / 255
    for change in numbers[4:].argsort():
        strength = strengths[change]
        low, high = (-strength, strength) if change == 3 else (max(0.0, 1 - strength), 1 + strength)
        factor = np.float32(low + (high - low) * numbers[change])
        if strength:
            image = CHANGES[change](image, torch.tensor(factor).view(1, 1, 1, 1))
    return (image[0] * 255).round().to(torch.uint8).permute(1, 2, 0)
