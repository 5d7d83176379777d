"""Weights that were trained elsewhere, scored without a checkpoint of ours."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from compose_config import composed
from conftest import Run
from state_dicts import State

from reid_lightning.errors import ReIDError
from reid_lightning.models.backbones import mobilenet_v2
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2
from reid_lightning.models.backbones.osnet import FullyConnected, OSNet
from reid_lightning.models.embedder import Embedder
from reid_lightning.run.load_foreign import load_foreign
from reid_lightning.run.trained import Trained

SMALL_OSNET = ["model=osnet", "model.width=0.25"]
SMALL_MOBILENET = ["model=mobilenet_v2", "model.width=0.1"]


def torchreid_osnet() -> State:
    """With values that a network may have, unlike those of `state_dicts`."""
    torch.manual_seed(0)
    state = Embedder(OSNet(0.25), 9, embedding=512, reduction=FullyConnected).state_dict()
    renamed = {
        k.removeprefix("backbone.").replace("embedding.", "fc."): v for k, v in state.items()
    }
    return {name: value for name, value in renamed.items() if not name.startswith("neck.")}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torchreid") / "osnet_x0_25_market1501.pth"
    torch.save({"state_dict": torchreid_osnet(), "epoch": 60, "rank1": 0.9}, path)
    return path


def loaded(*overrides: str) -> Trained:
    return load_foreign(composed("evaluate", *overrides).model)


def scored(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text())


def test_weights_are_scored_by_one_process_and_by_two(
    weights: Path, script: Run, tiny_overrides: list[str], tmp_path: Path
) -> None:
    data = [o for o in tiny_overrides if o.startswith(("data", "trainer.acc"))]
    given = [*SMALL_OSNET, f"model.weights={weights}", *data]
    one = script("evaluate.py", *given, "hydra.run.dir=one", cwd=tmp_path)
    two = script(
        "evaluate.py", *given, "trainer.devices=2", "data.cache=cache", "hydra.run.dir=two",
        cwd=tmp_path,
    )  # fmt: skip
    assert "are scored at 64 × 32 (data.height, data.width), by cosine distance" in one.stdout
    assert "Embedded " in two.stdout  # not taken from the first
    first, second = scored(tmp_path / "one"), scored(tmp_path / "two")
    assert first["test/mAP"] == pytest.approx(second["test/mAP"], abs=1e-9)
    assert first["checkpoint"] is first["trained_on"] is None and first["distance"] == "cosine"
    assert first["weights"] == str(weights)
    assert first["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_the_size_is_what_most_are_trained_at(weights: Path) -> None:
    trained = loaded(*SMALL_OSNET, f"model.weights={weights}")
    assert (trained.height, trained.width, trained.distance) == (256, 128, "cosine")


def test_embeddings_in_the_cache_are_those_of_weights_and_options(tmp_path: Path) -> None:
    for name in "ab":
        torch.save(Embedder(MobileNetV2(0.1), 9).state_dict(), tmp_path / f"{name}.pth")
    a, b = (f"model.weights={tmp_path / name}.pth" for name in "ab")
    torch.save(torch.load(tmp_path / "a.pth") | {"note": 1}, tmp_path / "copy.pth")
    first = loaded(*SMALL_MOBILENET, a).digest
    assert loaded(*SMALL_MOBILENET, a).digest == first, "its classifier is random each time"
    assert loaded(*SMALL_MOBILENET, f"model.weights={tmp_path / 'copy.pth'}").digest == first
    assert loaded(*SMALL_MOBILENET, b).digest != first
    assert loaded(*SMALL_MOBILENET, a, "model.last_stride=1").digest != first
    assert loaded(*SMALL_MOBILENET, a, "model.pooling=max").digest != first


def test_imagenet_features_are_scored_too(monkeypatch: pytest.MonkeyPatch) -> None:
    state = MobileNetV2(0.1).state_dict()
    monkeypatch.setattr(mobilenet_v2, "_read_imagenet", lambda: state)
    trained = loaded(*SMALL_MOBILENET, "model.weights=imagenet")
    assert trained.weights == "imagenet" and trained.weights_sha256 is None
    before = trained.digest
    state["0.0.weight"][0] += 1
    assert loaded(*SMALL_MOBILENET, "model.weights=imagenet").digest != before


def test_a_checkpoint_of_ours_is_better_named_as_one(
    trained_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    best = trained_run / "checkpoints" / "best.ckpt"
    loaded("model=mobilenet_v2", "model.width=0.35", f"model.weights={best}")
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert "as checkpoint=FILE it is scored with its own options and input size" in warning


REFUSED = {
    "no file": (["model.weights=nowhere.pth"], "nowhere.pth is neither none nor an existing file"),
    "none": ([], "model.weights=none is random weights"),
    "a text": (["model.weights=text"], "text cannot be read as a PyTorch file: it is text"),
    "a folder": (["model.weights=."], "cannot be read as a PyTorch file: it is a folder"),
    "NaN": (["model.weights=nan.pth"], "its backbone.conv1.conv.weight holds NaN"),
    "another network": (["model.weights=other.pth"], "it is of another network"),
    "a part": (["model.weights=part.pth"], "it is partial"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_bad_input_is_refused_in_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = torchreid_osnet()
    name = "conv1.conv.weight"
    Path("text").write_text("some words")
    torch.save(state | {name: torch.full_like(state[name], torch.nan)}, "nan.pth")
    torch.save(MobileNetV2(0.1).state_dict(), "other.pth")
    torch.save({k: v for k, v in state.items() if k != name}, "part.pth")
    overrides, message = REFUSED[kind]
    with pytest.raises(ReIDError) as raised:
        loaded(*SMALL_OSNET, *overrides)
    assert message in str(raised.value)


def test_a_network_of_ones_own_needs_a_key_for_them() -> None:
    with pytest.raises(ReIDError, match=r"takes no model\.weights: give its function a key"):
        loaded("model=osnet", "~model.weights")
