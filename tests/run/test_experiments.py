"""The group `experiments`: what its files compose to, rung by rung, and where it is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from reid_lightning.results.run_card import flat_config

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "conf" / "experiments").glob("*.yaml"))
RUNGS = sorted(path.stem for path in (ROOT / "conf" / "experiments" / "tricks").glob("*.yaml"))
EMA = "reid_lightning.engine.callbacks.AveragedWeights"
# What each rung changes, and nothing else.
CHANGES: dict[str, dict[str, Any]] = {
    "02_flip_crop": {"augmentation/flip": 0.5, "augmentation/crop_padding": 0.04},
    "03_schedule": {
        "scheduler/_target_": "reid_lightning.engine.schedules.warmup_cosine",
        "scheduler/warmup_epochs": 2,
        "scheduler/final": 0.002,
    },
    "04_label_smoothing": {"loss/label_smoothing": 0.1},
    "05_imagenet": {"model/weights": "imagenet-pypi"},
    "06_last_stride": {"model/last_stride": 1},
    "07_bnneck": {"model/neck": "bnneck"},
    "08_erasing": {"augmentation/erasing": 0.5},
    "09_semihard": {"loss/mining": "semihard", "loss/margin": "soft"},
    "10_averaged": {"callbacks/ema/_target_": EMA, "callbacks/ema/decay": 0.998},
    "11_input_size": {"data/height": 128, "data/width": 64},
}


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


def settings(*overrides: str) -> dict[str, Any]:
    config = composed(*overrides)
    groups = ("data", "model", "loss", "optimizer", "scheduler", "trainer", "augmentation")
    kept = {name: OmegaConf.to_container(config[name], resolve=True) for name in groups}
    kept["callbacks"] = OmegaConf.to_container(config.callbacks)  # a run's own folder is in them
    return flat_config(kept)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_file_says_when_to_choose_it_and_composes(path: Path) -> None:
    package, when, *_ = path.read_text().splitlines()
    assert package == "# @package _global_" and when.startswith("# ") and len(when) > 40
    given = settings(f"experiments={path.stem}")
    assert given["data/p"] * given["data/k"] == 64


@pytest.mark.parametrize(("study", "jobs"), [("losses", 7), ("margin_smoothing", 9)])
def test_studies_are_sweeps_of_one_budget(study: str, jobs: int) -> None:
    config = composed(f"experiments={study}")
    assert config.hydra.mode == RunMode.MULTIRUN and config.trainer.max_epochs == 20
    assert config.data.name == "cuhk03_np" and config.data.val_identities == 383
    count = 1
    for choices in config.hydra.sweeper.params.values():
        count *= len(str(choices).split(","))
    assert count == jobs


def test_the_ladder_sweeps_all_its_rungs() -> None:
    params = composed("experiments=tricks").hydra.sweeper.params
    assert dict(params) == {"+experiments/tricks": "glob(*)"}
    assert ["01_plain", *CHANGES] == RUNGS


def test_the_networks_of_the_study_of_parts_have_embeddings_of_one_size() -> None:
    folder = ROOT / "conf" / "experiments" / "parts"
    names = [f"+experiments/parts={path.stem}" for path in folder.iterdir()]
    choices = [settings("experiments=parts", name) for name in names]
    heads = [(c["model/pooling"], c["model/parts"]) for c in choices]
    assert sorted(heads) == [("avg", 0), ("avg", 2), ("gem", 0), ("gem", 2)]
    assert {(c["model/parts"] + 1) * c["model/embedding"] for c in choices} == {384}


@pytest.mark.parametrize("number", range(1, len(RUNGS)))
def test_a_rung_adds_one_trick_to_the_rung_before_it(number: int) -> None:
    before, after = (settings(f"+experiments/tricks={RUNGS[n]}") for n in (number - 1, number))
    changed = {k: v for k, v in after.items() if before.get(k) != v}
    assert changed == CHANGES[RUNGS[number]]


def test_the_ladder_starts_from_nothing() -> None:
    plain = settings("+experiments/tricks=01_plain")
    assert plain["model/weights"] == "none" and plain["model/neck"] == "none"
    assert plain["loss/mining"] == "hard" and plain["loss/margin"] == 0.3
    assert plain["loss/label_smoothing"] == 0 and "augmentation/flip" not in plain
    assert plain["scheduler/_target_"] == "reid_lightning.engine.schedules.constant"


def test_torchreids_recipe_is_what_it_published() -> None:
    given = settings("experiments=torchreid_market1501")
    assert given["optimizer/lr"] == 6e-4 and given["optimizer/amsgrad"] is True
    epochs = given["trainer/max_epochs"]
    assert epochs == 80 and [s * epochs for s in given["scheduler/milestones"]] == [40, 60]
    assert given["scheduler/warmup_epochs"] == 0 and given["model/freeze_backbone_epochs"] == 10
    assert "loss/mining" not in given and given["loss/label_smoothing"] == 0.1


def test_the_strong_baselines_schedule_is_what_it_published() -> None:
    given = settings("scheduler=warmup_multistep")
    assert given["scheduler/warmup_epochs"] == 10
    assert [round(share * 120) for share in given["scheduler/milestones"]] == [40, 70]


def test_the_command_line_wins() -> None:
    given = settings("experiments=best_cuhk03", "loss=hard", "trainer.max_epochs=3", "data.p=4")
    assert given["loss/mining"] == "hard" and given["trainer/max_epochs"] == 3
    assert given["data/p"] == 4 and "callbacks/ema/decay" in given


def test_it_is_found_from_any_folder(script: Callable, tmp_path: Path) -> None:
    done = script("train.py", "experiments=best_market1501", "--cfg", "job", cwd=tmp_path)
    assert "name: market1501" in done.stdout and EMA in done.stdout
