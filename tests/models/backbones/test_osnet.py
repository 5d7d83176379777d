import pytest
import torch
from state_dicts import torchreid_osnet

from reid_lightning.errors import ReIDError
from reid_lightning.models import osnet_embedder
from reid_lightning.models.backbones.osnet import OSNet
from reid_lightning.models.cost import network_cost

KEYS = {
    "num_classes": 751, "weights": "none", "pooling": "avg", "embedding": 512, "neck": "bnneck",
    "dropout": 0.0, "freeze_backbone_epochs": 0,
}  # fmt: skip


def test_its_size_is_the_published_one() -> None:
    model = osnet_embedder(width=1.0, **KEYS)
    cost = network_cost(model, 256, 128, torch.device("cpu"))
    neck = 2 * 512
    assert cost.parameters - neck == 2_169_508  # 2.2 million
    assert cost.gmacs == pytest.approx(0.98, abs=0.005) and cost.embedding_size == 512


@pytest.mark.parametrize("width", [1.0, 0.75, 0.5, 0.25])
def test_its_names_and_shapes_are_torchreids(width: float) -> None:
    theirs = {n: x.shape for n, x in torchreid_osnet(width).items() if n[:3] not in ("fc.", "cla")}
    assert {n: x.shape for n, x in OSNet(width).state_dict().items()} == theirs


def test_its_maps_have_a_sixteenth_of_the_size() -> None:
    with torch.device("meta"):
        backbone = OSNet(0.25)
        maps = backbone(torch.zeros(2, 3, 64, 32))
    assert maps.shape == (2, backbone.num_features, 4, 2) and backbone.num_features == 128


@pytest.mark.parametrize("width", [0.3, 0.0, 1.25, float("nan")])
def test_other_widths_are_refused(width: float) -> None:
    with pytest.raises(ReIDError, match=r"must be a number from 0\.25 to 1 in steps of 0\.25"):
        OSNet(width)


def test_imagenet_is_no_word_of_its() -> None:
    message = "weights=imagenet is neither none nor an existing file: this network has no pretr"
    with pytest.raises(ReIDError, match=message):
        osnet_embedder(width=0.25, **KEYS | {"weights": "imagenet"})
