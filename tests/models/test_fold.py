"""Folded networks: the same embeddings with fewer layers, and what is left as it is."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from reid_lightning.engine.teacher import Teacher, TeacherNetwork
from reid_lightning.models import Embedder
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2
from reid_lightning.models.backbones.osnet import OSNet
from reid_lightning.models.backbones.resnet50 import ResNet50
from reid_lightning.models.fold import folded

BACKBONES: dict[str, Callable[[], nn.Module]] = {
    "mobilenet_v2": lambda: MobileNetV2(width=0.25),
    "mobilenet_v2 with ibn": lambda: MobileNetV2(width=0.25, ibn=True),
    "osnet": lambda: OSNet(width=0.25),
    "resnet50": ResNet50,
}


def used(network: nn.Module) -> nn.Module:
    """With statistics and factors as after a training, so that no normalisation is the identity."""
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for values in (module.weight, module.running_var):
                if values is not None:
                    nn.init.uniform_(values, 0.5, 1.5)
            for values in (module.bias, module.running_mean):
                if values is not None:
                    nn.init.normal_(values, std=0.3)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def pictures() -> Tensor:
    return torch.randn(3, 3, 64, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", BACKBONES)
def test_embeddings_and_predictions_are_those_of_the_network(name: str) -> None:
    network = used(Embedder(BACKBONES[name](), 5, parts=2))
    with torch.no_grad():
        expected, found = network(pictures()), folded(network)(pictures())
    for theirs, ours in zip(expected, found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


def test_no_normalisation_of_maps_is_left_in_mobilenet_v2() -> None:
    network = Embedder(MobileNetV2(width=0.25), 5)
    assert norms(network) == 52
    assert norms(folded(network)) == 0


def test_the_network_itself_is_not_changed() -> None:
    network = used(Embedder(MobileNetV2(width=0.25), 5)).train()
    before = copy.deepcopy(network.state_dict())
    learnt = [parameter.requires_grad for parameter in network.parameters()]
    assert not any(module.training for module in folded(network).modules())
    assert network.training
    assert norms(network) == 52
    assert [parameter.requires_grad for parameter in network.parameters()] == learnt
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())


class OwnOrder(nn.Sequential):
    def forward(self, maps: Tensor) -> Tensor:
        return self[1](self[0](maps).relu())


class OwnConvolution(nn.Conv2d):
    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps).abs()


def observed() -> nn.Sequential:
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    layers[0].register_forward_hook(lambda _module, _inputs, output: output.abs())
    return layers


@pytest.mark.parametrize(
    "layers",
    [
        OwnOrder(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)),
        nn.Sequential(OwnConvolution(3, 4, 3), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        observed(),
        nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4)),
        nn.Sequential(spectral_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4)),
    ],
    ids=[
        *("own forward", "own convolution", "batch statistics", "between", "a hook"),
        *("a weight made by a hook", "a weight made by a parametrisation"),
    ],
)
def test_what_does_not_follow_a_convolution_is_left(layers: nn.Module) -> None:
    layers, maps = used(layers), pictures()
    with torch.no_grad():
        assert torch.equal(folded(layers)(maps), layers(maps))


def test_a_convolution_that_is_used_twice_is_folded_where_it_is_normalised() -> None:
    shared = nn.Conv2d(3, 3, 3, padding=1)
    layers = used(nn.Sequential(shared, nn.BatchNorm2d(3), shared, nn.ReLU()))
    with torch.no_grad():
        torch.testing.assert_close(folded(layers)(pictures()), layers(pictures()))


def test_teachers_are_folded() -> None:
    network = Embedder(MobileNetV2(width=0.25), 5)
    member = TeacherNetwork(network, 64, 32, "cosine")
    teacher = Teacher([member], logit_weight=1, distance_weight=1, temperature=1)
    assert norms(teacher.networks[0].network) == 0
    assert norms(network) == 52
