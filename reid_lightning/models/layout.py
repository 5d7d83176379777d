"""Channels last: the layout in which convolutions on the CPU and on tensor cores are fastest."""

from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def channels_last(network: Network) -> Network:
    """The network itself, its weights of two-dimensional convolutions channels last.

    `Module.to(memory_format=…)` refuses networks that have weights of five dimensions.
    """
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.dim() == 4:
            # `contiguous` leaves the strides of 1 × 1 and depthwise kernels as they are, and
            # convolutions in bfloat16 on a CPU are then three times slower.
            tensor.data = tensor.data.to(memory_format=torch.channels_last)
    return network


def images_channels_last(images: Tensor) -> Tensor:
    """Pictures [B, C, H, W] channels last, copied only if they are not."""
    return images.contiguous(memory_format=torch.channels_last)
