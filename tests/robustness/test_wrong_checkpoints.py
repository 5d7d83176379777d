"""A checkpoint that cannot be used says what it is, and what to do."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_lightning.errors import ReIDError
from reid_lightning.run.load_trained import load_trained
from reid_lightning.run.resume import find_resume_point, load_weights_of_run
from reid_lightning.run.resume_sweep import resume_sweep_args

FIRST = "model.backbone.0.0.weight"
NAN = float("nan")


def endless() -> list:
    """Ten lists that hold each other: a text of 10¹⁰ letters, in a few bytes."""
    nested: list = ["x"] * 10
    for _ in range(10):
        nested = [nested] * 10
    return nested


def of_model(**values: Any) -> Callable[[dict], object]:
    return lambda content: content["hyper_parameters"]["model"].update(values)


def of_data(**values: Any) -> Callable[[dict], object]:
    return lambda content: content["hyper_parameters"]["data"].update(values)


def of_weights(spoil: Callable[[dict], object]) -> Callable[[dict], object]:
    return lambda content: spoil(content["state_dict"])


def of_top(**values: Any) -> Callable[[dict], object]:
    return lambda content: content.update(values)


def newer(content: dict) -> None:
    content["hyper_parameters"]["version"] = "9.1.0"
    content["hyper_parameters"]["model"]["heads"] = 3


WRONG: dict[str, tuple[Callable[[dict], object], str]] = {
    "no configuration": (of_top(hyper_parameters=None), "is not a checkpoint of reid-lightning"),
    "a configuration of text": (of_top(hyper_parameters="model"), "is not a checkpoint of"),
    "no weights": (of_top(state_dict=None), "holds no weights"),
    "a list of weights": (of_top(state_dict=[1]), "holds no weights"),
    "weights by number": (of_top(state_dict={1: torch.ones(1)}), "do not fit the network: 318 of"),
    "NaN": (of_weights(lambda w: w[FIRST].fill_(NAN)), "backbone.0.0.weight holds NaN"),
    "text": (of_weights(lambda w: w.update({FIRST: "x"})), "a str among its weights"),
    "whole numbers": (of_weights(lambda w: w.update({FIRST: w[FIRST].long()})), "has whole"),
    "one missing": (of_weights(lambda w: w.pop(FIRST)), "backbone.0.0.weight, which is missing"),
    "one more": (of_weights(lambda w: w.update({"model.x": w[FIRST]})), "x, which is one too many"),
    "another shape": (of_weights(lambda w: w.update({FIRST: w[FIRST][:1]})), "in place of"),
    "a newer version": (newer, r"no option heads. .* \(9\.1\.0; this is "),
    "no width": (of_model(width=NAN), "no network can be built as it says"),
    "a width below 0": (of_model(width=-1.0), "(no network can be|do not fit)"),
    "another stride": (of_model(last_stride=3), "no network can be built .* must be 1 or 2"),
    "a dropout of 7": (of_model(dropout=7.0), "no network can be built as it says"),
    "another neck": (of_model(neck="giraffe"), "no network can be built .* must be bnneck or none"),
    "lists without end": (of_model(width=endless()), "width=.* is no "),
    "a name without end": (
        lambda content: content["hyper_parameters"].update(network=endless()),
        "network=.* of its configuration is no str",
    ),
    "a height of no end": (
        of_data(height=10**9),
        "height=1000000000 must be an integer from 1 to 8192",
    ),
    "no height": (of_data(height=0), "height=0 must be an integer from 1 to 8192"),
    "yes for a height": (of_data(height=True), "height=True of its configuration is no int"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_fit_is_named(kind: str, trained_run: Path, tmp_path: Path) -> None:
    change, message = WRONG[kind]
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    change(content)
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(ReIDError, match=rf"x\.ckpt .*{message}"):
        load_trained(tmp_path / "x.ckpt")


def test_a_distance_that_is_none_is_named(trained_run: Path, tmp_path: Path) -> None:
    content = torch.load(trained_run / "checkpoints" / "best.ckpt", weights_only=True)
    content["hyper_parameters"]["metric"]["distance"] = "as the crow flies"
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(ReIDError, match="distance=as the crow flies must be cosine or euclidean"):
        load_trained(tmp_path / "x.ckpt")


def test_a_torchreid_checkpoint_is_no_checkpoint_to_evaluate(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(1)}, "epoch": 60}, tmp_path / "x.ckpt")
    with pytest.raises(ReIDError, match=r"train with model\.weights=FILE to start from"):
        load_trained(tmp_path / "x.ckpt")
    os.mkfifo(tmp_path / "pipe.ckpt")
    with pytest.raises(ReIDError, match=r"pipe\.ckpt cannot be read .* a named pipe"):
        load_trained(tmp_path / "pipe.ckpt")


@pytest.mark.parametrize("key", ["position", "global_step", "hyper_parameters"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"epoch": 1, "step": 1, "steps": 0}])
def test_a_last_checkpoint_of_another_kind_is_named(key: str, value: Any, tmp_path: Path) -> None:
    whole = {
        "position": {"epoch": 1, "step": 3, "steps": 6},
        "global_step": 9,
        "hyper_parameters": {"trainer": {"max_epochs": 2}},
    }
    (tmp_path / "checkpoints").mkdir()
    torch.save(whole, tmp_path / "checkpoints" / "last.ckpt")
    assert find_resume_point(tmp_path).epochs == 1.5
    if (key, value) in (("global_step", 7), ("hyper_parameters", {}), ("hyper_parameters", [])):
        return  # sound
    torch.save(whole | {key: value}, tmp_path / "checkpoints" / "last.ckpt")
    with pytest.raises(ReIDError, match=r"last\.ckpt is no checkpoint that train\.py wrote"):
        find_resume_point(tmp_path)


def test_a_run_whose_last_checkpoint_is_lost_does_not_start_over(tmp_path: Path) -> None:
    assert find_resume_point(tmp_path).checkpoint is None, "killed before its first"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").symlink_to("/mnt/gone/last.ckpt")
    with pytest.raises(ReIDError, match=r"last\.ckpt cannot be read .* a link to a missing file"):
        find_resume_point(tmp_path)


def test_a_run_is_not_resumed_with_weights_of_other_identities(tmp_path: Path) -> None:
    other, network = torch.nn.Linear(4, 7), torch.nn.Linear(4, 9)
    torch.save({"state_dict": other.state_dict()}, tmp_path / "last.ckpt")
    message = r"2 of 2 tensors, such as weight, which has the shape \[7, 4\] in place of \[9, 4\]"
    with pytest.raises(ReIDError, match=message):
        load_weights_of_run(tmp_path / "last.ckpt", network)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "last.ckpt")
    assert load_weights_of_run(tmp_path / "last.ckpt", network).keys() == {"weight", "bias"}


def test_a_resume_with_other_identities_is_one_sentence(
    trained_run: Path, script: Callable, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained_run, tmp_path / "run"))
    last = run / "checkpoints" / "last.ckpt"
    content = torch.load(last, weights_only=True)
    weight = content["state_dict"]["model.classifier.weight"]
    content["state_dict"]["model.classifier.weight"] = weight[:-1]
    torch.save(content, last)
    done = script("train.py", "resume=run", "trainer.max_epochs=2", cwd=tmp_path, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in output
    assert "1 of " in output and "model.classifier.weight, which has the shape [15, " in output


@pytest.mark.parametrize("content", ["", "[]", "version: 0.2.0\nhydra: 7", "a: &a [*a]"])
def test_a_damaged_sweep_is_not_resumed(content: str, tmp_path: Path) -> None:
    (tmp_path / "multirun.yaml").write_text(content)
    with pytest.raises(ReIDError, match=r"multirun\.yaml"):
        resume_sweep_args(["-m", f"resume_sweep={tmp_path}"])
