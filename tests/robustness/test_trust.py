"""A checkpoint from a stranger gives tensors and plain values; nothing it names is run or read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.run.load_trained import load_trained

TOUCH = {"_target_": "pathlib.Path.touch", "self": {"_target_": "pathlib.Path", "_args_": ["ran"]}}


@pytest.fixture(scope="module")
def trained(trained_run: Path) -> Path:
    return trained_run / "checkpoints" / "best.ckpt"


@pytest.fixture
def changed(trained: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a copy of the checkpoint with values replaced: `{"model.width": …}`."""

    def write(changes: dict[str, Any]) -> Path:
        content = torch.load(trained, weights_only=True)
        for key, value in changes.items():
            *groups, last = key.split(".")
            group = content["hyper_parameters"]
            for name in groups:
                group = group[name]
            group[last] = value
        torch.save(content, tmp_path / "stranger.ckpt")
        return tmp_path / "stranger.ckpt"

    return write


CODE: dict[str, dict[str, Any]] = {
    "as an option of the model": {"model.pooling": TOUCH},
    "as a new option of the model": {"model.extra": TOUCH},
    "as the network": {"model": TOUCH},
    "as the network's name": {"network": "os.system"},
    "as the name of 0.2": {"model.name": "os.system"},
    "behind our own prefix": {"network": "reid_lightning.models.weights.torch.hub.load"},
    "as the old network": {"model": {"_target_": "reid_lightning.models.weights.torch.hub.load"}},
    "under data": {"data.height": TOUCH},
    "as data": {"data": TOUCH},
    "as the metric": {"metric": TOUCH},
    "as the distance": {"metric.distance": TOUCH},
    "as the input size": {"data.width": "${oc.env:SECRET_TOKEN}"},
    "as a network of no end": {"model.width": 1e6},
    "as a size of no end": {"model.embedding": 10**12},
    "as a word for a number": {"model.width": "wide"},
}


@pytest.mark.parametrize("case", CODE)
def test_what_a_checkpoint_names_is_not_run(
    case: str, changed: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = changed(CODE[case])
    with pytest.raises(ReIDError, match=r"stranger\.ckpt (cannot be used|is a checkpoint of)"):
        load_trained(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("group", ["loss", "optimizer", "scheduler", "augmentation", "trainer"])
def test_what_evaluation_does_not_need_is_not_looked_at(
    group: str, changed: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    load_trained(changed({group: TOUCH, f"data.{group}": TOUCH}))
    assert not (tmp_path / "ran").exists()


def test_no_variable_of_the_environment_is_written_into_results(
    changed: Callable[..., Path],
    script: Callable,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "do-not-tell")
    path = changed({"data.name": "${oc.env:SECRET_TOKEN}", "data.extra": TOUCH})
    own = ("data", "trainer.accelerator")
    options = [o for o in tiny_overrides if o.startswith(own) and "height" not in o]
    done = script("evaluate.py", f"checkpoint={path}", *options, "hydra.run.dir=e", cwd=tmp_path)
    written = (tmp_path / "e" / "metrics.json").read_text()
    assert "do-not-tell" not in written + done.stdout and not (tmp_path / "ran").exists()
    assert json.loads(written)["trained_on"] == "${oc.env:SECRET_TOKEN}"


NETWORK = """
from reid_lightning.models import mobilenet_v2_embedder

def build(**options):
    return mobilenet_v2_embedder(**options)
"""
YAML = """
_target_: own_network.build
weights: none
width: 0.35
last_stride: 1 # the checkpoint says what it was trained with
pooling: avg
embedding: null
neck: bnneck
dropout: 0.0
freeze_backbone_epochs: 0
"""


def test_a_network_of_ones_own_is_named_by_whoever_evaluates(
    script: Callable, tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_network.py").write_text(NETWORK)
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(YAML)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    own = [f"--config-dir={tmp_path}/conf", "model=mine"]
    train = [*tiny_overrides, "model.last_stride=2", "hydra.run.dir=run"]
    script("train.py", *own, *train, cwd=tmp_path)
    data = [o for o in tiny_overrides if o.startswith("data") and "height" not in o]
    checkpoint = "checkpoint=run/checkpoints/best.ckpt"
    refused = script("evaluate.py", checkpoint, *data, cwd=tmp_path, check=False)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr + refused.stdout
    assert "evaluate.py checkpoint=run/checkpoints/best.ckpt model=NAME_OF_YOUR_YAML" in (
        refused.stdout
    )
    script("evaluate.py", *own, checkpoint, *data, "hydra.run.dir=e", cwd=tmp_path)
    before, after = (json.loads((tmp_path / f / "metrics.json").read_text()) for f in ("run", "e"))
    assert after["test/mAP"] == pytest.approx(before["test/mAP"], abs=1e-9)
