from pathlib import Path

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.models.backbones.resnet50 import ResNet50
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.weights import load_weights


def test_last_stride_1_doubles_the_feature_map() -> None:
    with torch.device("meta"):
        images = torch.zeros(2, 3, 64, 32)
        assert ResNet50()(images).shape == (2, 2048, 2, 1)
        assert ResNet50(last_stride=1)(images).shape == (2, 2048, 4, 2)
    with pytest.raises(ReIDError, match=r"model\.last_stride=3 must be 1 or 2"):
        ResNet50(last_stride=3)


def test_its_pretrained_weights_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(url: str, path: str, *_: object, **__: object) -> None:
        asked.append(url)
        state = torch.nn.Module.state_dict(ResNet50())
        torch.save(state | {"fc.weight": torch.ones(9, 2048)}, path)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    load_weights(Embedder(ResNet50(), 5), "imagenet")
    assert len(asked) == 1 and "resnet50" in asked[0]
    with pytest.raises(ReIDError, match="imagenet-pypi is neither imagenet, none nor an existing"):
        load_weights(Embedder(ResNet50(), 5), "imagenet-pypi")
