"""Networks from checkpoints, those of version 0.1 included."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.run.load_trained import load_trained


@pytest.fixture(scope="module")
def checkpoint(trained_run: Path) -> Path:
    return trained_run / "checkpoints" / "best.ckpt"


def test_a_checkpoint_of_version_0_1_is_loaded_by_its_old_name(
    checkpoint: Path, tmp_path: Path
) -> None:
    content = torch.load(checkpoint, weights_only=True)
    config = content["hyper_parameters"]
    assert config["version"] == "0.2.0"
    config["model"]["_target_"] = "reid_lightning.models.mobilenet_v2"
    del config["version"], config["network"], content["position"]
    content["ReIDDataModule"] = {"epoch": 1, "step": 0, "steps": 7}
    torch.save(content, tmp_path / "old.ckpt")
    old, new = (
        load_trained(path).model.state_dict() for path in (tmp_path / "old.ckpt", checkpoint)
    )
    assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in new)


def test_a_checkpoint_of_version_0_2_is_loaded(checkpoint: Path, tmp_path: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    config = content["hyper_parameters"]
    config["model"]["name"] = config.pop("network")
    torch.save(content, tmp_path / "old.ckpt")
    assert load_trained(tmp_path / "old.ckpt").source.name == "mobilenet_v2.py"
    config["model"]["name"] = "os.system"
    torch.save(content, tmp_path / "old.ckpt")
    with pytest.raises(ReIDError, match="a network that reid-lightning does not have"):
        load_trained(tmp_path / "old.ckpt")


@pytest.mark.parametrize("wrong", [None, "0" * 65, 2**63, True, [0], -(2**63)])
def test_seed_and_settings_are_left_out_where_they_are_none(
    wrong: object, checkpoint: Path, tmp_path: Path
) -> None:
    known = load_trained(checkpoint)
    assert known.seed == 0 and len(known.settings or "") == 32
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"] |= {"seed": wrong, "settings": wrong}
    torch.save(content, tmp_path / "x.ckpt")
    trained = load_trained(tmp_path / "x.ckpt")
    assert trained.seed is None and trained.settings is None


def test_the_source_of_a_network_is_the_file_of_its_constructor(checkpoint: Path) -> None:
    assert load_trained(checkpoint).source.name == "mobilenet_v2.py"


def test_a_checkpoint_without_weights_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    del content["state_dict"]
    torch.save(content, tmp_path / "empty.ckpt")
    with pytest.raises(ReIDError, match="holds no weights"):
        load_trained(tmp_path / "empty.ckpt")


def test_embeddings_are_made_again_when_the_yaml_of_ones_own_network_changes(
    checkpoint: Path, tmp_path: Path
) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"]["network"] = "mine.network"
    torch.save(content, tmp_path / "own.ckpt")
    own = {**content["hyper_parameters"]["model"]}
    own["_target_"] = "reid_lightning.models.mobilenet_v2_embedder"
    first, same, other = (
        load_trained(tmp_path / "own.ckpt", OmegaConf.create(own | change)).digest
        for change in ({}, {}, {"last_stride": 1})
    )
    assert first == same != other
