"""The group `experiments`: what its files compose to, and where it is found."""

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
ABLATION = ROOT / "conf" / "experiments" / "ablation"
EMA = "reid_lightning.engine.callbacks.AveragedWeights"
# What each setting of the ablation changes in its base, and nothing else; None: a key that goes.
CHANGES: dict[str, dict[str, Any]] = {
    "eight_pictures": {"data/p": 8, "data/k": 8},
    "epochs_60": {"trainer/max_epochs": 60, "trainer/check_val_every_n_epoch": 20},
    "gem": {"model/pooling": "gem"},
    "hard": {"loss/mining": "hard"},
    "height_384": {"data/height": 384},
    "ibn": {"model/ibn": True},
    "ibn_no_erasing": {"model/ibn": True, "augmentation/erasing": None},
    "ibn_parts_384": {"model/ibn": True, "model/parts": 2, "data/height": 384},
    "large_batch": {"data/p": 32, "optimizer/lr": 1.4e-3},
    "last_stride_2": {"model/last_stride": 2},
    "no_averaging": {"callbacks/ema/_target_": None, "callbacks/ema/decay": None},
    "no_erasing": {"augmentation/erasing": None},
    "no_smoothing": {"loss/label_smoothing": 0},
    "parts": {"model/parts": 2},
    "random_weights": {"model/weights": "none"},
    "softmax": {"loss/metric_weight": 0},
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


@pytest.mark.parametrize(
    ("study", "jobs", "epochs", "height", "held_out"),
    [("losses", 8 * 2, 6, 256, 100), ("margin_smoothing", 9, 20, 80, 383)],
)
def test_studies_are_sweeps_of_one_budget(
    study: str, jobs: int, epochs: int, height: int, held_out: int
) -> None:
    config = composed(f"experiments={study}")
    assert config.hydra.mode == RunMode.MULTIRUN and config.trainer.max_epochs == epochs
    assert config.data.name == "cuhk03_np" and config.data.val_identities == held_out
    assert config.data.height == height and config.model.last_stride == 2
    count = 1
    for choices in config.hydra.sweeper.params.values():
        count *= len(str(choices).split(","))
    assert count == jobs


def test_the_ablation_sweeps_all_its_settings() -> None:
    config = composed("experiments=ablation")
    assert config.hydra.mode == RunMode.MULTIRUN
    assert dict(config.hydra.sweeper.params) == {"+experiments/ablation": "glob(*)"}
    assert sorted(path.stem for path in ABLATION.iterdir()) == sorted(["base", *CHANGES])


def test_the_networks_of_the_study_of_parts_have_embeddings_of_one_size() -> None:
    folder = ROOT / "conf" / "experiments" / "parts"
    names = [f"+experiments/parts={path.stem}" for path in folder.iterdir()]
    choices = [settings("experiments=parts", name) for name in names]
    heads = [(c["model/pooling"], c["model/parts"]) for c in choices]
    assert sorted(heads) == [("avg", 0), ("avg", 2), ("gem", 0), ("gem", 2)]
    assert {(c["model/parts"] + 1) * c["model/embedding"] for c in choices} == {384}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_of_the_ablation_differs_from_its_base_in_what_its_name_says(name: str) -> None:
    base, given = settings("+experiments/ablation=base"), settings(f"+experiments/ablation={name}")
    changed = {k: given.get(k) for k in {*base, *given} if base.get(k) != given.get(k)}
    assert changed == CHANGES[name]


def test_a_setting_of_the_ablation_can_have_teachers() -> None:
    """As experiments/ablation/README.md has the student."""
    teachers = "distill.checkpoint=[outputs/parts,outputs/height_384]"
    config = composed("+experiments/ablation=height_384", teachers)
    assert config.distill.checkpoint == ["outputs/parts", "outputs/height_384"]
    assert config.data.height == 384


@pytest.mark.parametrize("seed", [0, 2])
def test_a_restart_goes_on_from_the_run_of_its_seed(seed: int) -> None:
    restart = composed("experiments=best_cuhk03_restart", f"seed={seed}")
    assert restart.model.weights == f"outputs/t{seed}/checkpoints/best.ckpt"
    assert restart.distill.checkpoint is None
    assert restart.trainer.max_epochs == restart.trainer.check_val_every_n_epoch == 3
    best, given = settings("experiments=best_cuhk03"), settings("experiments=best_cuhk03_restart")
    changed = {key for key in {*best, *given} if best.get(key) != given.get(key)}
    assert {key.partition("/")[0] for key in changed if key != "model/weights"} == {
        *("optimizer", "scheduler", "trainer", "callbacks")
    }


def test_other_places_are_a_restart_with_ibn_and_without_erasing() -> None:
    names = ("best_cuhk03_restart", "other_places")
    restart, given = (settings(f"experiments={name}") for name in names)
    changed = {k: given.get(k) for k in {*restart, *given} if restart.get(k) != given.get(k)}
    assert changed == {"model/ibn": True, "augmentation/erasing": None}  # the key is not there


def test_the_ablation_starts_from_a_good_recipe() -> None:
    base = settings("+experiments/ablation=base")
    assert base["data/name"] == "cuhk03_np" and base["data/val_identities"] == 100
    assert (base["data/height"], base["data/width"]) == (256, 128)
    assert base["model/weights"] == "imagenet-pypi" and base["model/neck"] == "bnneck"
    assert (base["loss/mining"], base["loss/margin"]) == ("semihard", "soft")
    assert base["augmentation/erasing"] == 0.5 and base["callbacks/ema/_target_"] == EMA


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
