"""A run's folder may be moved, copied or replaced by another run's before it is resumed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text())


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]


def same(one: Path, two: Path) -> bool:
    first, second = weights(one), weights(two)
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, script: Callable, tiny_overrides: list[str]
) -> Path:
    """A run whose second epoch is its best: a third at this learning rate spoils the weights."""
    cwd = tmp_path_factory.mktemp("cwd")
    options = ["trainer.max_epochs=2", "scheduler=constant", "hydra.run.dir=run"]
    script("train.py", *tiny_overrides, *options, cwd=cwd)
    return cwd / "run"


def best_before(folder: Path) -> float:
    """Make the kept best score one that no later epoch reaches, as after a lucky epoch."""
    path = folder / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    (state,) = (s for s in content["callbacks"].values() if "best_model_score" in s)
    assert not Path(state["best_model_path"]).is_absolute() and state["dirpath"] == ""
    state["best_model_score"] = torch.tensor(0.99)
    state["kth_value"] = torch.tensor(0.99)
    state["best_k_models"] = {name: torch.tensor(0.99) for name in state["best_k_models"]}
    torch.save(content, path)
    return 0.99


@pytest.mark.parametrize("how", ["copied", "moved", "swapped"])
def test_a_worse_epoch_does_not_replace_the_best_and_the_runs_own_weights_are_tested(
    how: str, run: Path, script: Callable, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    best_before(mine)
    best = mine / "checkpoints" / "best.ckpt"
    kept = tmp_path / "kept.ckpt"
    shutil.copy(best, kept)
    moved = tmp_path / "elsewhere" / "mine"
    moved.parent.mkdir()
    (shutil.copytree if how == "copied" else shutil.move)(mine, moved)
    if how == "swapped":  # another run at the old path, with other weights
        shutil.copytree(run, mine)
        other = torch.load(mine / "checkpoints" / "best.ckpt", weights_only=True)
        other["state_dict"] = {n: torch.zeros_like(x) for n, x in other["state_dict"].items()}
        torch.save(other, mine / "checkpoints" / "best.ckpt")
    before = {p: p.stat().st_mtime_ns for p in mine.rglob("*")} if mine.exists() else {}
    script("train.py", "resume=elsewhere/mine", "trainer.max_epochs=3", cwd=tmp_path)
    assert same(moved / "checkpoints" / "best.ckpt", kept)
    assert results(moved)["val/mAP"] == pytest.approx(0.99)
    assert results(moved)["test/mAP"] == results(run)["test/mAP"], "of the kept best weights"
    assert {p: p.stat().st_mtime_ns for p in mine.rglob("*")} == before


def test_a_folder_without_its_best_checkpoint_begins_a_new_best(
    run: Path, script: Callable, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "mine")
    (tmp_path / "mine" / "checkpoints" / "best.ckpt").unlink()
    script("train.py", "resume=mine", "trainer.max_epochs=3", cwd=tmp_path)
    assert (tmp_path / "mine" / "checkpoints" / "best.ckpt").is_file()
    assert results(tmp_path / "mine")["epochs"] == 3


def test_a_sweep_is_resumed_where_it_was_moved(
    script: Callable, tiny_overrides: list[str], tmp_path: Path
) -> None:
    options = [*tiny_overrides, "seed=0,1", "hydra.sweep.dir=sweep"]
    script("train.py", "-m", *options, cwd=tmp_path)
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "sweep", moved)
    (moved / "1" / "metrics.json").unlink()  # as if it had been killed before its test
    (moved / "summary.csv").unlink()
    finished = (moved / "0" / "metrics.json").stat().st_mtime_ns
    script("train.py", "-m", "resume_sweep=elsewhere", cwd=tmp_path)
    assert (moved / "0" / "metrics.json").stat().st_mtime_ns == finished
    assert (moved / "1" / "metrics.json").is_file() and (moved / "summary.csv").is_file()
    assert not (tmp_path / "sweep").exists()
