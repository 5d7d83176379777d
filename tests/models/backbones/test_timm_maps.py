"""timm's networks as backbones; nothing is downloaded."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError, error_message
from reid_lightning.models.backbones.timm_maps import TimmMaps
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.weights import load_weights

timm = pytest.importorskip("timm")
ImageNet = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing may be downloaded")

    for name in ("load_state_dict_from_hf", "load_state_dict_from_url", "load_pretrained"):
        monkeypatch.setattr(timm.models._builder, name, refuse)


@pytest.mark.parametrize(
    "name",
    ["mobilenetv4_conv_small", "repvit_m0_9", "fastvit_t8", "swin_tiny_patch4_window7_224"],
)
def test_families_give_maps_of_num_features(name: str) -> None:
    with torch.device("meta"):
        backbone = TimmMaps(name)
        maps = backbone(torch.zeros(2, 3, 64, 32))
    assert maps.shape == (2, backbone.num_features, 2, 1)


def test_pictures_are_normalised_as_the_network_was_trained() -> None:
    backbone = TimmMaps("test_resnet").eval()
    pixels = torch.rand(2, 3, 64, 32)
    mean, std = (row.view(1, 3, 1, 1) for row in ImageNet)
    with torch.no_grad():
        expected = backbone.net((pixels - 0.5) / 0.5)[-1]
        maps = backbone((pixels - mean) / std)
    assert timm.get_pretrained_cfg("test_resnet").mean == (0.5, 0.5, 0.5)
    assert torch.allclose(maps, expected, atol=1e-5)
    assert not any("scale" in name or "shift" in name for name in backbone.state_dict())


NO_NETWORKS = {
    "hf-hub:timm/resnet18": "is no network of timm",
    "hf_hub:timm/resnet18.a1_in1k": "is no network of timm",
    "local-dir:/tmp": "is no network of timm",
    "resnet5O": "is no network of timm .*: did you mean resnet50",
    "mobilenetv4_conv_smal": "did you mean mobilenetv4_conv_small",
    "resnet18.no_such_tag": "did you mean resnet18.",
    "qqqqqqq": r"timm.list_models\(\) has their names",
    "vit_tiny_patch16_224": "takes pictures of one size alone",
    "maxvit_nano_rw_256": "takes pictures of one size alone",
    "levit_128s": "takes pictures of one size alone",
}


@pytest.mark.parametrize("name", NO_NETWORKS)
def test_what_is_no_backbone_is_refused(name: str) -> None:
    with pytest.raises(ReIDError, match=rf"model\.name={name} .*{NO_NETWORKS[name]}"):
        TimmMaps(name)


def test_a_network_without_maps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, **options: Any) -> None:
        assert options["features_only"] and not options["pretrained"]
        raise RuntimeError("features_only not implemented for this model.")

    monkeypatch.setattr(timm, "create_model", without)
    with pytest.raises(ReIDError, match="takes no maps from it: features_only not implemented"):
        TimmMaps("test_resnet")


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "mobilenetv4_conv_small"])
def test_a_file_of_the_whole_network_is_loaded(name: str, tmp_path: Path) -> None:
    whole = timm.create_model(name, pretrained=False).eval()
    torch.save({"state_dict": whole.state_dict()}, tmp_path / "w.pth")
    model = Embedder(TimmMaps(name), 5)
    load_weights(model, str(tmp_path / "w.pth"))
    backbone = model.backbone.eval()
    pixels = torch.rand(1, 3, 64, 32)
    with torch.no_grad():
        theirs = whole.forward_intermediates(pixels, indices=1, intermediates_only=True)[-1]
        assert torch.allclose(backbone.net(pixels)[-1], theirs, atol=1e-5)


@pytest.mark.parametrize("name", ["legacy_xception", "fastvit_t8", "naflexvit_base_patch16_gap"])
def test_the_names_of_the_whole_network_are_known(name: str) -> None:
    with torch.device("meta"):
        backbone, whole = TimmMaps(name), timm.create_model(name, pretrained=False).state_dict()
    (theirs,) = backbone.other_names([f"backbone.{own}" for own in backbone.state_dict()])
    assert theirs.keys() == whole.keys()
    maps = [own for own in theirs.values() if own.startswith("backbone.")]
    assert len(maps) == len({*maps}) == len(backbone.state_dict())


WRAPPED: dict[str, Callable[[dict[str, Tensor]], Any]] = {
    "plainly": lambda state: state,
    "beside a number": lambda state: {"model": state, "epoch": torch.tensor(3)},
    "as an average": lambda s: {f"module.{k}": x for k, x in s.items()} | {"n": torch.tensor(1)},
}


@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("name", ["ghostnet_050", "lcnet_035"])
def test_layers_behind_the_maps_are_of_the_same_network(
    name: str, kind: str, tmp_path: Path
) -> None:
    state = timm.create_model(name, pretrained=False).state_dict()
    torch.save(WRAPPED[kind](state), tmp_path / "w.pth")
    model = Embedder(TimmMaps(name), 5)
    load_weights(model, str(tmp_path / "w.pth"))
    loaded = {n.removeprefix("net."): x for n, x in model.backbone.state_dict().items()}
    assert all(torch.equal(x, state[n]) for n, x in loaded.items() if n in state)


def test_pretrained_weights_are_asked_for_by_imagenet_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = timm.create_model("test_resnet").state_dict()
    model = Embedder(TimmMaps("test_resnet"), 5)
    load_weights(model, "none")
    asked: list[bool] = []
    create = timm.create_model

    def with_weights(name: str, pretrained: bool, **options: Any) -> Any:
        asked.append(pretrained)
        network = create(name, pretrained=False, **options)
        if pretrained:
            network.load_state_dict(state)
        return network

    monkeypatch.setattr(timm, "create_model", with_weights)
    load_weights(model, "imagenet")
    assert asked.count(True) == 1
    loaded = {n.removeprefix("net."): x for n, x in model.backbone.state_dict().items()}
    assert all(torch.equal(x, state[n]) for n, x in loaded.items())


def test_a_failed_download_is_an_error_and_no_random_weights() -> None:
    with pytest.raises(
        ReIDError, match=r"weights of test_resnet could not be downloaded \(nothing"
    ):
        load_weights(Embedder(TimmMaps("test_resnet"), 5), "imagenet")


def test_weights_that_timm_has_not_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "is_model_pretrained", lambda name: False)
    with pytest.raises(ReIDError, match="timm has no pretrained weights for test_resnet"):
        load_weights(Embedder(TimmMaps("test_resnet"), 5), "imagenet")


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setattr("reid_lightning.errors.find_spec", lambda package: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        TimmMaps("test_resnet")
    assert "pip install '.[timm]' brings it" in str(error_message(caught.value))
