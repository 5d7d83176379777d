"""Weights that are scored as they are: with their own heads, or not at all."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import state_dicts
import torch
from state_dicts import State
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.errors import ReIDError
from reid_lightning.models import backbones
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.models.backbones.resnet50 import ResNet50
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.pooling import GeM
from reid_lightning.models.weights import load_for_retrieval, load_weights

Head = Callable[[State, Tensor], Tensor]


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


class Tiny(nn.Sequential):
    """A backbone that takes no time."""

    num_features = 128
    other_names = staticmethod(OSNet.other_names)

    def __init__(self) -> None:
        super().__init__(OrderedDict(conv1=nn.Conv2d(3, 128, 8, 8), bn1=nn.BatchNorm2d(128)))


def in_file(content: Any, folder: Path) -> str:
    torch.save(content, folder / "w.pth")
    return str(folder / "w.pth")


def batch_norm(state: State, name: str, x: Tensor) -> Tensor:
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])


def fast_reid_reduction(state: State, maps: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(maps, 1)
    return batch_norm(
        state, "heads.bottleneck.1", F.conv2d(pooled, state["heads.bottleneck.0.weight"])[..., 0, 0]
    )


def fast_reid_gem(state: State, maps: Tensor) -> Tensor:
    p = state["heads.pool_layer.p"]
    pooled = F.adaptive_avg_pool2d(maps.clamp(min=1e-6).pow(p), 1).pow(1 / p)[..., 0, 0]
    return batch_norm(state, "heads.bottleneck.0", pooled)


def torchreid_osnet(state: State, maps: Tensor) -> Tensor:
    v = F.linear(maps.mean((2, 3)), state["fc.0.weight"], state["fc.0.bias"])
    return F.relu(batch_norm(state, "fc.1", v))


# The options of our embedder, the folder of the backbone's names, and a head with its function.
FRAMEWORKS: dict[str, tuple[dict[str, Any], str, State, Head]] = {
    "fast-reid": (
        {},
        "backbone.",
        state_dicts.norm("heads.bottleneck.0", 128),
        lambda state, maps: batch_norm(state, "heads.bottleneck.0", maps.mean((2, 3))),
    ),
    "fast-reid, reduced": (
        {"embedding": 32},
        "backbone.",
        {"heads.bottleneck.0.weight": torch.randn(32, 128, 1, 1)}
        | state_dicts.norm("heads.bottleneck.1", 32),
        fast_reid_reduction,
    ),
    "fast-reid, with a learnt pooling": (
        {"pooling": "gem"},
        "backbone.",
        {"heads.pool_layer.p": torch.tensor([2.25])} | state_dicts.norm("heads.bottleneck.0", 128),
        fast_reid_gem,
    ),
    "the bag of tricks": (
        {},
        "base.",
        state_dicts.norm("bottleneck", 128),
        lambda state, maps: batch_norm(state, "bottleneck", maps.mean((2, 3))),
    ),
    "torchreid": (
        {"embedding": 16, "reduction": FullyConnected},
        "",
        {"fc.0.weight": torch.randn(16, 128), "fc.0.bias": torch.randn(16)}
        | state_dicts.norm("fc.1", 16),
        torchreid_osnet,
    ),
    "torchreid, of other networks": ({}, "", {}, lambda _, maps: maps.mean((2, 3))),
}


@pytest.mark.parametrize("kind", FRAMEWORKS)
def test_embeddings_are_those_that_the_framework_retrieves_with(kind: str, tmp_path: Path) -> None:
    options, folder, head, function = FRAMEWORKS[kind]
    backbone = Tiny()
    state = state_dicts.renamed(backbone, folder, head)
    state |= {f"{'heads.' if 'fast' in kind else 'classifier.'}weight": torch.randn(751, 128)}
    model = Embedder(Tiny(), 1, **options)
    load_for_retrieval(model, in_file({"model": state}, tmp_path))
    images = torch.randn(3, 3, 64, 32)
    with torch.no_grad():
        ours = model.eval()(images).retrieval
        theirs = function(state, backbone.eval()(images))
    assert ours.shape == theirs.shape
    torch.testing.assert_close(F.normalize(ours), F.normalize(theirs), rtol=1e-4, atol=1e-6)


STEMS = {
    "fast_reid": ("backbone.", "heads.bottleneck.0", "set model.stem=fast_reid"),
    "bag_of_tricks": ("base.", "bottleneck", "set model.stem=bag_of_tricks"),
}


class _Stem(nn.Module):
    """The other frameworks' first layers, as their code has them."""

    def __init__(self, kind: str, conv1: nn.Module, bn1: nn.Module) -> None:
        super().__init__()
        self.kind, self.conv1, self.bn1 = kind, conv1, bn1

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1(x))
        if self.kind == "fast_reid":
            return F.max_pool2d(F.relu(x), 3, 2, ceil_mode=True)
        return F.max_pool2d(x, 3, 2, 1)


@pytest.mark.parametrize("kind", STEMS)
def test_the_first_layers_of_other_resnets_are_theirs(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.models.resnet import Bottleneck, ResNet

    def small(weights: None) -> ResNet:
        return ResNet(Bottleneck, [1, 1, 1, 1], width_per_group=4)

    monkeypatch.setattr(backbones.resnet50, "resnet50", small)
    folder, neck, advice = STEMS[kind]
    trained = ResNet50()
    state = state_dicts.renamed(trained, folder, state_dicts.norm(neck, 2048))
    path = in_file(state, tmp_path)
    with pytest.raises(ReIDError, match=advice):
        load_for_retrieval(Embedder(ResNet50(), 1), path)
    load_for_retrieval(Embedder(ResNet50(stem="torchvision"), 1), path)
    load_weights(Embedder(ResNet50(), 1), path)  # to train from them
    model = Embedder(ResNet50(stem=kind), 1)
    load_for_retrieval(model, path)
    trained.eval()
    stages = [getattr(trained, f"layer{n}") for n in (1, 2, 3, 4)]
    theirs = nn.Sequential(_Stem(kind, trained.conv1, trained.bn1), *stages)
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        expected = batch_norm(state, neck, theirs(images).mean((2, 3)))
        torch.testing.assert_close(model.eval()(images).retrieval, expected, rtol=1e-4, atol=1e-4)
        plain = Embedder(ResNet50(), 1)
        plain.load_state_dict(model.state_dict())
        assert not torch.allclose(plain.eval()(images).retrieval, expected, rtol=1e-2)


def _whole(head: State) -> State:
    return state_dicts.renamed(Tiny(), "backbone.", head)


REDUCED = {"heads.bottleneck.0.weight": torch.randn(32, 128, 1, 1)}
REFUSED: dict[str, tuple[dict[str, Any], State, str]] = {
    "no embedding layer": (
        {"embedding": 16},
        {},
        "has no embedding.weight, and a random one would be scored: set model.embedding=null",
    ),
    "a half of an embedding layer": (
        {"embedding": 16, "reduction": FullyConnected},
        {"embedding.0.weight": torch.randn(16, 128), "embedding.0.bias": torch.randn(16)},
        "has no embedding.1.weight",
    ),
    "an embedding layer of another size": (
        {"embedding": 16},
        {"embedding.weight": torch.randn(8, 128), "embedding.bias": torch.randn(8)},
        r"embedding\.weight has the shape \[8, 128\] in place of \[16, 128\]: set "
        "model.embedding=8",
    ),
    "an embedding layer that the network lacks": (
        {},
        REDUCED | state_dicts.norm("heads.bottleneck.1", 32),
        r"a layer before its BNNeck \(heads\.bottleneck\.0\.weight\) .*: set model.embedding=32",
    ),
    "an embedding layer of the maps' own size that the network lacks": (
        {},
        {"heads.bottleneck.0.weight": torch.randn(128, 128, 1, 1)}
        | state_dicts.norm("heads.bottleneck.1", 128),
        r"a layer before its BNNeck \(heads\.bottleneck\.0\.weight\) .* set model.embedding=128",
    ),
    "a half of a BNNeck": (
        {},
        {"neck.weight": torch.ones(128), "neck.bias": torch.zeros(128)},
        "has no neck.running_mean",
    ),
    "a learnt pooling": (
        {},
        {"heads.pool_layer.p": torch.tensor([4.0])},
        r"pools by a generalised mean \(heads\.pool_layer\.p\): set model.pooling=gem",
    ),
    "a learnt pooling of ours": ({}, {"pool.p": torch.tensor(4.0)}, "set model.pooling=gem"),
    "NaN in its BNNeck": (
        {},
        state_dicts.norm("neck", 128) | {"neck.weight": torch.full((128,), torch.nan)},
        "neck.weight holds NaN",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_scored_otherwise_is_refused(kind: str, tmp_path: Path) -> None:
    options, head, message = REFUSED[kind]
    model = Embedder(Tiny(), 1, **options)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ReIDError, match=rf"w\.pth can.*{message}"):
        load_for_retrieval(model, in_file(_whole(head), tmp_path))
    assert all(torch.equal(before[n], x) for n, x in model.state_dict().items())
    if "NaN" not in kind:
        load_weights(model, in_file(_whole(head), tmp_path))  # to train from them


OTHER_PARTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "fewer": ({"parts": 3}, {"parts": 2}, "set model.parts=3"),
    "none": ({"parts": 3}, {}, "set model.parts=3"),
    "more": ({}, {"parts": 2}, "set model.parts=0"),
    "fewer, with layers": ({"parts": 3}, {"parts": 2, "embedding": 8}, "set model.parts=3"),
    "more, with layers": ({"parts": 2}, {"parts": 3, "embedding": 8}, "set model.parts=2"),
    "none, nor a layer": ({"parts": 3}, {"embedding": None}, "set model.embedding=8"),
}


@pytest.mark.parametrize("kind", OTHER_PARTS)
def test_a_network_of_ours_with_other_parts_is_told_how_many(kind: str, tmp_path: Path) -> None:
    trained, options, remedy = OTHER_PARTS[kind]
    layers = {"embedding": 8} if "embedding" in options else {}
    state = Embedder(Tiny(), 1, **(layers | trained)).state_dict()
    with pytest.raises(ReIDError, match=f"{remedy}\\.$"):
        load_for_retrieval(Embedder(Tiny(), 1, **options), in_file(state, tmp_path))


def test_random_weights_are_not_scored() -> None:
    with pytest.raises(ReIDError, match=r"model\.weights=none is random weights"):
        load_for_retrieval(Embedder(Tiny(), 1), "none")


def test_what_the_network_has_no_place_for_is_a_warning_and_a_classifier_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    classifiers = ("classifier.weight", "heads.weight", "fc.weight", "head.fc.bias")
    path = in_file(_whole({name: torch.ones(751) for name in classifiers}), tmp_path)
    load_for_retrieval(Embedder(Tiny(), 1), path)
    assert not caplog.records
    content = _whole({"parts.0.weight": torch.ones(3), "parts.0.bias": torch.ones(3)})
    load_for_retrieval(Embedder(Tiny(), 1), in_file(content, tmp_path))
    assert "has 2 tensors that this network has no place for, such as parts.0.bias" in caplog.text


def test_pooled_maps_before_a_known_layer_can_be_scored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Embedder(OSNet(0.25), 1)
    path = in_file(state_dicts.torchreid_osnet(0.25), tmp_path)
    load_weights(model, path)
    load_for_retrieval(model, path)
    assert "has 6 tensors that this network has no place for, such as fc.0.bias" in caplog.text


def test_without_a_neck_in_the_file_ours_only_scales(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    model = Embedder(Tiny(), 1).eval()
    load_for_retrieval(model, in_file(_whole({}), tmp_path))
    assert "has no BNNeck: retrieval is by the feature before it" in caplog.text
    with torch.no_grad():
        features = model(torch.randn(4, 3, 64, 32))
    cosine = F.cosine_similarity(features.metric, features.retrieval)
    torch.testing.assert_close(cosine, torch.ones(4))


def test_a_learnt_exponent_is_read(tmp_path: Path) -> None:
    model = Embedder(Tiny(), 1, pooling="gem")
    path = in_file(_whole({"heads.pool_layer.p": torch.tensor([4.5])}), tmp_path)
    load_for_retrieval(model, path)
    assert isinstance(model.pool, GeM) and model.pool.p.shape == () and model.pool.p == 4.5
