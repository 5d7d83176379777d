"""Every network of the table that checkpoints name: built, trained, and back from its weights."""

from typing import Any

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.models import Embedder
from reid_lightning.models.networks import NETWORKS, UnfitCheckpointError, build_trained

HEAD = {
    "weights": "none", "pooling": "gem", "embedding": None, "neck": "bnneck", "dropout": 0.0,
    "freeze_backbone_epochs": 0,
}  # fmt: skip
SMALLEST: dict[str, dict[str, Any]] = {
    "mobilenet_v2": {"width": 0.35, "last_stride": 1, "ibn": True},
    "osnet": {"width": 0.25, "embedding": 64},
    "resnet50": {"last_stride": 1},
    "timm": {"name": "test_resnet"},
}


def test_all_of_them_are_tried_here() -> None:
    assert SMALLEST.keys() == {name for name in NETWORKS if name != "tiny"}  # of the fuzz


def build(name: str, **keys: Any) -> Embedder:
    if name == "timm":
        pytest.importorskip("timm")
    return NETWORKS[name](**{**HEAD, **SMALLEST[name], "num_classes": 4, **keys})


@pytest.mark.parametrize("name", SMALLEST)
def test_it_is_built_without_memory(name: str) -> None:
    with torch.device("meta"):
        model = build(name)
        maps = model.backbone(torch.zeros(2, 3, 64, 32))
    assert all(tensor.is_meta for tensor in model.state_dict().values())
    assert maps.shape[:2] == (2, model.backbone.num_features) and maps.dim() == 4


@pytest.mark.parametrize("name", SMALLEST)
def test_a_step_trains_it(name: str) -> None:
    torch.manual_seed(0)
    model = build(name).train()
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    features = model(torch.randn(4, 3, 64, 32))
    loss = torch.nn.functional.cross_entropy(features.logits, torch.arange(4))
    (loss + features.metric.square().mean()).backward()
    optimizer.step()
    assert loss.isfinite()
    trained = [p for p in model.parameters() if p.requires_grad]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trained)
    changed = [not torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True)]
    assert changed[0] and changed[-1]


@pytest.mark.parametrize("name", SMALLEST)
def test_it_comes_back_from_its_weights(name: str) -> None:
    model = build(name).eval()
    values = {**HEAD, **SMALLEST[name], "weights": "imagenet"}  # never asked for again
    again = build_trained(NETWORKS[name], values, model.state_dict()).eval()
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        assert torch.equal(again(images).retrieval, model(images).retrieval)


@pytest.mark.parametrize("name", SMALLEST)
def test_a_missing_key_is_named(name: str) -> None:
    weights, values = build(name).state_dict(), {**HEAD, **SMALLEST[name]}
    del values["pooling"]
    with pytest.raises(UnfitCheckpointError, match="does not say pooling of its network"):
        build_trained(NETWORKS[name], values, weights)
    with pytest.raises(UnfitCheckpointError, match="its network has no option depth"):
        build_trained(NETWORKS[name], {**HEAD, **SMALLEST[name], "depth": 3}, weights)


@pytest.mark.parametrize("address", ["hf-hub:timm/resnet18", "local-dir:/tmp", "no_network"])
def test_a_checkpoint_names_no_address(address: str) -> None:
    pytest.importorskip("timm")
    weights = build("timm").state_dict()
    with pytest.raises(UnfitCheckpointError, match="is no network of timm"):
        build_trained(NETWORKS["timm"], {**HEAD, "name": address}, weights)


def test_a_backbone_without_num_features_is_an_error() -> None:
    for backbone in (torch.nn.Conv2d(3, 8, 3), torch.nn.Identity()):
        with pytest.raises(ReIDError, match=r"num_features=None: set it, in its __init__"):
            Embedder(backbone, 4)
    backbone.num_features = 0
    with pytest.raises(ReIDError, match="has num_features=0"):
        Embedder(backbone, 4)
