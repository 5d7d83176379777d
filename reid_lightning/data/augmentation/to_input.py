"""From pixels to the network's input: the last step of training and the only one of scoring."""

import torch
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_network_input(pictures: Tensor) -> Tensor:
    """Pixels uint8 [B, H, W, 3] → float32 [B, 3, H, W], normalised as ImageNet is, channels last."""
    batch, height, width, _ = pictures.shape
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    # Over whole rows of pixels, not over their three numbers: the processor works on long vectors.
    scale, shift = (
        row.repeat(width).to(pictures.device, non_blocking=True)
        for row in (1 / (255 * std), -mean / std)
    )
    rows = pictures.view(batch, height, width * 3).to(torch.float32)
    return torch.addcmul(shift, rows, scale).view(pictures.shape).permute(0, 3, 1, 2)
