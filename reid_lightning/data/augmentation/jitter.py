"""Colour jitter of a batch of pictures, distributed as torchvision's `v2.ColorJitter`."""

import logging
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from reid_lightning.data.augmentation.jitter_cpu import from_contrast, until_contrast
from reid_lightning.data.augmentation.uniforms import Uniforms
from reid_lightning.parallel import in_blocks

JITTER_COLUMNS = 8

log = logging.getLogger(__name__)


def color_jitter(pictures: Tensor, uniforms: Uniforms, strengths: Sequence[float]) -> Tensor:
    """Change brightness, contrast, saturation and hue of each picture, in a random order.

    Args:
        pictures: uint8 [B, H, W, 3].
        uniforms: [B, 8]: for the four factors, and for their order.
        strengths: factors are in 1 ± strength and not below 0; the hue is turned by ± strength of
            a full turn.

    Returns:
        uint8 [B, H, W, 3].
    """
    limits = [(max(0.0, 1 - s), 1 + s) for s in strengths[:3]] + [(-strengths[3], strengths[3])]
    low, high = np.array(limits).T
    factors = (low + (high - low) * uniforms[:, :4]).astype(np.float32)
    order = uniforms[:, 4:].argsort(axis=1)
    order[np.array(strengths)[order] == 0] = -1
    return _jitter_on(pictures.device)(pictures, factors, order)


Jitter = Callable[[Tensor, np.ndarray, np.ndarray], Tensor]


def _jitter_on(device: torch.device) -> Jitter:
    if device.type == "cpu":
        return jitter_numba
    return (device.type == "cuda" and _jitter_by_triton(device)) or jitter_torch


@cache
def _jitter_by_triton(device: torch.device) -> Jitter | None:
    try:
        from reid_lightning.data.augmentation.jitter_triton import jitter_triton

        pixel = torch.zeros(1, 1, 1, 3, dtype=torch.uint8, device=device)
        jitter_triton(pixel, np.ones((1, 4), np.float32), np.array([[0, 1, 2, 3]]))
    except Exception as error:  # of Triton, of the compiler that it calls, or of the driver
        reason = str(error).partition("\n")[0] or type(error).__name__
        log.warning(
            "Colour jitter takes some milliseconds a batch here, since Triton cannot compile it "
            "(%s): Triton needs a C compiler, such as gcc, and Python's headers.",
            reason,
        )
        return None
    return jitter_triton


def jitter_numba(pictures: Tensor, factors: np.ndarray, order: np.ndarray) -> Tensor:
    """`color_jitter` on the CPU, by the factors [B, 4] and the order [B, 4], -1 for no change."""
    batch, height, width, _ = pictures.shape
    pixels = pictures.reshape(batch, -1, 3)
    images, grey = torch.empty(batch, 3, height * width), torch.empty(batch, height * width)
    arguments = (order, factors, images.numpy(), grey.numpy())
    in_blocks(until_contrast, batch, pixels.numpy(), *arguments)
    result = torch.empty_like(pixels)
    in_blocks(from_contrast, batch, *arguments, grey.mean(1).numpy(), result.numpy())
    return result.view(pictures.shape)


def jitter_torch(pictures: Tensor, factors: np.ndarray, order: np.ndarray) -> Tensor:
    """As `jitter_numba`, on any device, in hundreds of operations."""
    images = pictures.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    images /= 255
    for position in range(4):
        for change, function in enumerate(CHANGES):
            members = np.flatnonzero(order[:, position] == change)
            if len(members):
                rows, factor = (
                    torch.from_numpy(values).to(pictures.device, non_blocking=True)
                    for values in (members, factors[members, change])
                )
                images[rows] = function(images[rows], factor.view(-1, 1, 1, 1))
    return images.mul_(255).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend each image with black.

    Args:
        images: float32 [B, 3, H, W] in [0, 1], as for all four changes.
        factor: [B, 1, 1, 1], the share of the image; 1 changes nothing.
    """
    return (images * factor).clamp_(0, 1)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend each image with the mean of its greys."""
    return _blend(images, _grey(images).mean((2, 3), keepdim=True), factor)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blend each image with its greys."""
    return _blend(images, _grey(images), factor)


def hue(images: Tensor, factor: Tensor) -> Tensor:
    """Turn every colour's hue by `factor` of the colour circle (HSV)."""
    low, value = images.aminmax(dim=1, keepdim=True)
    chroma = value - low
    red, green, blue = images.chunk(3, dim=1)
    # The position on the circle in sixths; greys, which have no chroma, may get any.
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
