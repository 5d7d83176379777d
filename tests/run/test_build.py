"""From a composed configuration to a Trainer."""

from typing import Any

import pytest
from compose_config import composed

from reid_lightning.data import ReIDDataModule
from reid_lightning.errors import ReIDError
from reid_lightning.run.build import build_datamodule, build_module, build_trainer
from reid_lightning.run.config_keys import check_training_config
from reid_lightning.run.processes import plan_processes
from reid_lightning.run.user_errors import clear_message


@pytest.mark.parametrize(
    ("override", "kind"),
    [
        ("+callbacks.x._target_=builtins.dict", "Callback"),
        ("logger._target_=builtins.dict", "Logger"),
    ],
)
def test_what_lightning_cannot_use_is_named(override: str, kind: str) -> None:
    config = composed("train", "trainer.accelerator=cpu", override)
    with pytest.raises(ReIDError, match=rf"_target_=builtins.dict makes no Lightning {kind}\."):
        build_trainer(config)


@pytest.mark.parametrize("override", ["trainer.devices=0", "+trainer.limit_val_batches=-1"])
def test_what_the_trainer_refuses_is_a_sentence(override: str) -> None:
    config = composed("train", "trainer.accelerator=cpu", override)
    with pytest.raises(Exception) as caught:
        plan_processes(config)
    assert str(clear_message(caught.value)).startswith("trainer cannot be made: ")


def test_keys_of_an_argument_are_plain() -> None:
    config = composed("train", "trainer.accelerator=cpu", "+trainer.max_time={minutes:1}")
    assert plan_processes(config).count == 1
    assert build_trainer(config).max_epochs == 60


@pytest.mark.parametrize(
    ("group", "kind"), [("model", "Embedder"), ("loss", "Criterion"), ("metric", "ReIDMetric")]
)
def test_what_a_group_makes_is_what_the_program_uses(group: str, kind: str) -> None:
    config = composed("train", "model.weights=none", f"{group}._target_=builtins.dict")
    with pytest.raises(ReIDError, match=rf"^{group}\._target_=builtins.dict makes no {kind}\.$"):
        build_module(config, 8)


def test_a_trainer_of_ones_own_is_a_trainer() -> None:
    config = composed("train", "trainer.accelerator=cpu", "trainer._target_=builtins.dict")
    with pytest.raises(ReIDError, match="makes no Lightning Trainer"):
        plan_processes(config)


def read_nothing(root: str, *, height: int, shelf: str) -> None:
    """A reader of one's own."""


def test_a_key_that_a_reader_shares_is_the_data_modules_too() -> None:
    config = composed(
        "train",
        f"data.reader._target_={__name__}.read_nothing",
        "+data.reader.height=${data.height}",
        "+data.reader.shelf=${data.shelf}",
        "+data.shelf=top",
    )
    check_training_config(config)
    datamodule = build_datamodule(config.data)
    assert datamodule.height == 256 and datamodule.folder.reader.keywords == {  # type: ignore[attr-defined]
        "height": 256,
        "shelf": "top",
    }


def own_data(**options: Any) -> ReIDDataModule:
    if "join" in options:
        raise TypeError("this one joins nothing")
    return ReIDDataModule(**options)


def test_a_data_module_of_ones_own_need_not_join_sets() -> None:
    config = composed("train", f"data._target_={__name__}.own_data")
    assert build_datamodule(config.data).folder.join == []
