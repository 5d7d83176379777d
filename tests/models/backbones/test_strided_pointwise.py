"""Strided 1×1 convolutions that read every n-th pixel compute what they did."""

import copy

import pytest
import torch
from torch import Tensor, nn

from reid_lightning.models.backbones.strided_pointwise import without_strided_pointwise


def output_and_gradients(layer: nn.Conv2d, images: Tensor) -> list[Tensor]:
    images = images.clone().requires_grad_()
    layer.zero_grad()
    maps = layer(images)
    maps.square().sum().backward()
    assert images.grad is not None
    assert layer.weight.grad is not None
    return [maps.detach(), images.grad, layer.weight.grad.clone()]


@pytest.mark.parametrize("channels", [2, 3, 7])
@pytest.mark.parametrize("stride", [(2, 2), (3, 1)])
def test_outputs_and_gradients_stay(channels: int, stride: tuple[int, int]) -> None:
    torch.manual_seed(0)
    images = torch.randn(4, channels, 13, 8)
    layer = nn.Conv2d(channels, 5, 1, stride=stride)
    before = output_and_gradients(layer, images)  # not channels last: those PyTorch can do

    network = nn.Sequential(layer)
    names = list(network.state_dict())
    without_strided_pointwise(network)
    network = copy.deepcopy(network).to(memory_format=torch.channels_last)
    assert list(network.state_dict()) == names
    for _ in range(20):  # where PyTorch writes past its memory, one pass may go well
        after = output_and_gradients(
            network[0], images.contiguous(memory_format=torch.channels_last)
        )
        for one, other in zip(before, after, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 4, 3, stride=2),
        nn.Conv2d(3, 4, 1, stride=2, padding=1),
        nn.Conv2d(64, 4, 1, stride=2),
        nn.Conv2d(3, 4, 1),
    ],
)
def test_other_layers_are_left_alone(layer: nn.Conv2d) -> None:
    stride = layer.stride
    without_strided_pointwise(nn.Sequential(layer))
    assert layer.stride == stride
    assert not layer._forward_pre_hooks
