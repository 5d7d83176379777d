"""From pixels to the network's input: the last step of augmentation, the only one of scoring."""

from functools import cache

import torch
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_network_input(pictures: Tensor) -> Tensor:
    """Normalise pixels by ImageNet's mean and standard deviation.

    Args:
        pictures: uint8 [B, H, W, 3], RGB; B may be 0.

    Returns:
        float32 [B, 3, H, W], channels last.
    """
    batch, height, width, _ = pictures.shape
    # Over whole rows of pixels instead of over three channels: long vectors are faster on a CPU.
    scale, shift = _scale_and_shift(width, pictures.device)
    rows = pictures.view(batch, height, width * 3).to(torch.float32)
    return torch.addcmul(shift, rows, scale, out=rows).view(pictures.shape).permute(0, 3, 1, 2)


@cache
def _scale_and_shift(width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """By what a row's values are multiplied, and what is added then: float32 [width * 3] each."""
    with torch.inference_mode(False):  # they outlive the mode in which they are first asked for
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        scale, shift = (
            row.repeat(width).to(device, non_blocking=True)
            for row in (1 / (255 * std), -mean / std)
        )
    return scale, shift
