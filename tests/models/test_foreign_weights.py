"""Weights of other frameworks: found below any prefix, in any dict, and whole or refused."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import state_dicts
import torch
from state_dicts import State
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from reid_lightning.errors import ReIDError
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.models.backbones.resnet50 import ResNet50
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.weights import load_weights

Load = Callable[[nn.Module, Any], Embedder]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def write_and_load(backbone: nn.Module, content: Any) -> Embedder:
        torch.save(content, tmp_path / "w.pth")
        model = Embedder(backbone, 751, embedding=512, reduction=FullyConnected)
        load_weights(model, str(tmp_path / "w.pth"))
        return model

    return write_and_load


KNOWN: dict[str, tuple[Callable[[], nn.Module], Callable[[], State]]] = {
    "torchvision of 2018": (MobileNetV2, state_dicts.older_torchvision_mobilenet_v2),
    "timm's MobileNetV2": (MobileNetV2, state_dicts.timm_mobilenet_v2),
    "fast-reid's MobileNetV2": (MobileNetV2, state_dicts.fast_reid_mobilenet_v2),
    "torchvision's ResNet-50": (ResNet50, state_dicts.torchvision_resnet50),
    "torchreid's ResNet-50": (ResNet50, state_dicts.torchreid_resnet50),
    "fast-reid's ResNet-50": (ResNet50, state_dicts.fast_reid_resnet50),
    "torchreid's OSNet": (OSNet, state_dicts.torchreid_osnet),
    "fast-reid's OSNet": (OSNet, state_dicts.fast_reid_osnet),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_every_tensor_is_at_its_place(kind: str, load: Load) -> None:
    backbone, make = KNOWN[kind]
    state = make()
    head = ("heads.", "classifier.", "fc.")
    theirs = [
        value
        for name, value in state.items()
        if not name.startswith(head) and not name.endswith("num_batches_tracked")
    ]
    model = load(backbone(), state)
    if "fast-reid" in kind and model.neck.weight.shape == state["heads.bottleneck.0.weight"].shape:
        for part in ("weight", "bias", "running_mean", "running_var"):
            assert torch.equal(getattr(model.neck, part), state[f"heads.bottleneck.0.{part}"])
    own = model.backbone.state_dict()
    own = {k: v for k, v in own.items() if not k.endswith("num_batches_tracked")}
    # Both are in the order of the network, and no two of its tensors have the same values.
    assert len(theirs) == len(own)
    if "fast-reid's ResNet" not in kind:
        assert all(map(torch.equal, own.values(), theirs))
    assert {x.sum().item() for x in theirs} == {x.sum().item() for x in own.values()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "plainly": lambda state: state,
    "by DataParallel": lambda state: {f"module.{k}": v for k, v in state.items()},
    "as a checkpoint": lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 1.0}},
    "as model": lambda state: {"model": state, "iteration": 9},
    "as net in state": lambda state: {"state": {"net": state}},
    "as network": lambda state: {"network": {f"module.{k}": v for k, v in state.items()}},
    "as ema alone": lambda state: {"ema": state},
    "beside an empty state_dict": lambda state: {"state_dict": None, "model": state},
    "as a compiled base": lambda s: {f"base._orig_mod.{k}": v for k, v in s.items()},
    "as an encoder of a teacher": lambda s: {f"teacher.encoder.{k}": v for k, v in s.items()},
    "beside an average": lambda s: {
        "state_dict": s,
        "ema": {k: torch.zeros_like(v) for k, v in s.items()},
    },
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_any_wrapping_is_found(kind: str, load: Load) -> None:
    state = state_dicts.torchreid_osnet(0.25)
    model = load(OSNet(0.25), WRAPPED[kind](state))
    assert torch.equal(model.backbone.conv1.conv.weight, state["conv1.conv.weight"])
    assert torch.equal(model.backbone.conv5.bn.running_var, state["conv5.bn.running_var"])
    assert torch.equal(model.embedding[1].running_mean, state["fc.1.running_mean"])


def test_a_classifier_of_as_many_people_is_left_out_and_said(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    state = state_dicts.torchreid_osnet(0.25, people=751)
    model = load(OSNet(0.25), state)
    assert model.classifier.weight.shape == state["classifier.weight"].shape
    assert not torch.equal(model.classifier.weight, state["classifier.weight"])
    assert "left out: classifier.bias, classifier.weight." in caplog.text


def _without(state: State, *parts: str) -> State:
    return {k: v for k, v in state.items() if not any(part in k for part in parts)}


def _resnet(layers: list[int]) -> State:
    return ResNet(Bottleneck, layers).state_dict()


def _osnet() -> State:
    return state_dicts.torchreid_osnet(0.25)


def _halves(state: State) -> State:
    return {("a." if "conv2" in k else "b.") + k: v for k, v in state.items()}


MISFITS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any], str]] = {
    "another network": (
        lambda: OSNet(0.25),
        state_dicts.torchvision_resnet50,
        "it is of another network: none of the backbone's 479 tensors is in it by name; its own "
        r"begin with conv1\.weight",
    ),
    "torchreid's MobileNetV2, which has a convolution more": (
        MobileNetV2,
        state_dicts.torchreid_mobilenet_v2,
        "it is of another network: .*260",
    ),
    "another width": (
        lambda: OSNet(0.5),
        _osnet,
        r"in another width or variant: \d+ have other shapes, such as "
        r"backbone\.conv1\.conv\.weight with \[16, 3, 7, 7\] in place of \[32, 3, 7, 7\]",
    ),
    "another width of MobileNetV2": (
        lambda: MobileNetV2(0.5),
        state_dicts.older_torchvision_mobilenet_v2,
        "in another width or variant",
    ),
    "a shallower network": (
        ResNet50,
        lambda: _resnet([2, 2, 2, 2]),
        r"it is partial: \d+ of the backbone's 265 tensors are not .*, such as backbone\.layer1\.2",
    ),
    "a deeper network": (
        ResNet50,
        lambda: _resnet([3, 4, 7, 3]),
        r"another, larger network: .* has 15 more, such as layer3\.6\.conv1\.weight",
    ),
    "instance normalisation": (
        lambda: OSNet(0.25),
        lambda: _osnet() | {"conv2.0.IN.weight": torch.ones(64), "conv2.0.IN.bias": torch.ones(64)},
        r"another, larger network: .* has 2 more, such as conv2\.0\.IN\.weight",
    ),
    "attention beside the stages": (
        ResNet50,
        lambda: (
            state_dicts.fast_reid_resnet50() | {"backbone.NL_2.0.g.weight": torch.ones(8, 8, 1, 1)}
        ),
        r"another, larger network: .* such as backbone\.NL_2\.0\.g\.weight",
    ),
    "without a convolution": (
        lambda: OSNet(0.25),
        lambda: _without(_osnet(), "conv3.0.gate.fc1.bias"),
        r"it is partial: 1 of the backbone's .*, such as backbone\.conv3\.0\.gate\.fc1\.bias",
    ),
    "a classifier only": (
        lambda: OSNet(0.25),
        lambda: {"classifier.weight": torch.ones(751, 512), "classifier.bias": torch.ones(751)},
        r"it is a classifier only \(classifier\.weight, classifier\.bias\)",
    ),
    "twice": (
        lambda: OSNet(0.25),
        lambda: {"model": _osnet(), "ema": _osnet()},
        "it holds this network twice, under model and ema: save the one",
    ),
    "in two halves": (
        lambda: OSNet(0.25),
        lambda: _halves(_osnet()),
        "it is wrapped wrongly: the backbone's tensors lie in it under [ab] and [ab]",
    ),
    "no tensors": (lambda: OSNet(0.25), lambda: {"state_dict": [1, 2]}, "it holds no tensors"),
    "only an optimizer": (
        lambda: OSNet(0.25),
        lambda: {"optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}},
        "it holds no tensors",
    ),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_what_does_not_fit_is_told_apart(kind: str, load: Load) -> None:
    backbone, make, message = MISFITS[kind]
    with pytest.raises(ReIDError, match=rf"w\.pth does not fit this network: .*{message}"):
        load(backbone(), make())


def test_lists_and_dicts_that_hold_themselves_have_an_end(load: Load) -> None:
    content: dict[str, Any] = {"model": _osnet()}
    content["model"]["again"] = content["model"]
    with pytest.raises(ReIDError, match="it holds this network twice"):
        load(OSNet(0.25), content)
