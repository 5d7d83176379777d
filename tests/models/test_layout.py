"""Channels last, whatever else a network has."""

import copy

import torch
from torch import nn

from reid_lightning.models.layout import channels_last


class Network(nn.Module):
    """A convolution over three dimensions among others, as lambda networks have one."""

    def __init__(self) -> None:
        super().__init__()
        self.flat, self.deep = nn.Conv2d(3, 8, 3), nn.Conv3d(1, 4, 3)
        self.register_buffer("kernel", torch.ones(2, 3, 4, 5))


def test_weights_of_four_dimensions_are_channels_last_in_place() -> None:
    network = Network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parameters = list(network.parameters())
    assert channels_last(network) is network
    assert all(a is b for a, b in zip(parameters, network.parameters(), strict=True))
    assert network.flat.weight.is_contiguous(memory_format=torch.channels_last)
    assert network.kernel.is_contiguous(memory_format=torch.channels_last)
    assert network.deep.weight.is_contiguous()
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_weights_have_the_strides_that_module_to_gives() -> None:
    convolutions = [nn.Conv2d(8, 4, 1), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(3, 8, 3)]
    expected = [
        copy.deepcopy(layer).to(memory_format=torch.channels_last) for layer in convolutions
    ]
    channels_last(nn.Sequential(*convolutions))
    for layer, reference in zip(convolutions, expected, strict=True):
        assert layer.weight.stride() == reference.weight.stride()
        assert torch.equal(layer.weight, reference.weight)
