"""Colour jitter of a batch of pictures, with torchvision's `v2.ColorJitter` as its model."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data.augmentation.crop import Uniforms

JITTER_COLUMNS = 8


def color_jitter(pictures: Tensor, draws: Uniforms, strengths: Sequence[float]) -> Tensor:
    """Change brightness, contrast, saturation and hue, for each picture in an order of its own.

    Args:
        pictures: uint8 [B, H, W, 3]; so is the result.
        draws: [B, 8]: of the four factors, and of their order.
        strengths: factors lie within 1 ± strength and not below 0, the hue's turn within ± strength.
    """
    limits = [(max(0.0, 1 - s), 1 + s) for s in strengths[:3]] + [(-strengths[3], strengths[3])]
    low, high = np.array(limits).T
    factors = (low + (high - low) * draws[:, :4]).astype(np.float32)
    turns = draws[:, 4:].argsort(axis=1)
    images = pictures.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    images /= 255
    for turn in range(4):
        for change, function in enumerate(CHANGES):
            members = np.flatnonzero(turns[:, turn] == change)
            if strengths[change] and len(members):
                which, factor = (
                    torch.from_numpy(values).to(pictures.device, non_blocking=True)
                    for values in (members, factors[members, change])
                )
                images[which] = function(images[which], factor.view(-1, 1, 1, 1))
    return images.mul_(255).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Images [B, 3, H, W] in [0, 1], blended with black: 1 is the image. All of this file are so."""
    return (images * factor).clamp_(0, 1)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blended with the mean of its greys."""
    return _blend(images, _grey(images).mean((2, 3), keepdim=True), factor)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blended with its greys."""
    return _blend(images, _grey(images), factor)


def hue(images: Tensor, factor: Tensor) -> Tensor:
    """Every colour's hue moved on by `factor` turns of the colour circle, by way of HSV."""
    low, value = images.aminmax(dim=1, keepdim=True)
    chroma = value - low
    red, green, blue = images.chunk(3, dim=1)
    # Position on the circle in sixths; of greys, which have no chroma, any will do.
    sixths = torch.where(
        value == red,
        green - blue,
        torch.where(value == green, blue - red, red - green),
    ).div_(torch.where(chroma == 0, 1, chroma))
    sixths += torch.where(value == red, 0, torch.where(value == green, 2, 4)) + 6 * factor
    channels = []
    for start in (5, 3, 1):
        k = (sixths + start) % 6
        channels.append(value - chroma * torch.minimum(k, 4 - k).clamp_(0, 1))
    return torch.cat(channels, dim=1)


CHANGES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (brightness, contrast, saturation, hue)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images.chunk(3, dim=1)
    return 0.2989 * red + 0.587 * green + 0.114 * blue


def _blend(images: Tensor, others: Tensor, factor: Tensor) -> Tensor:
    return (images * factor + others * (1 - factor)).clamp_(0, 1)
