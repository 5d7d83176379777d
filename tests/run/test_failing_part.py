"""An error of a class that a configuration names is a sentence with its key."""

import logging
import re
from collections.abc import Callable
from typing import Literal

import pytest
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.demos.boring_classes import BoringModel
from torch.utils.data import DataLoader, Dataset

from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.run.failing_part import parts_named_in_errors
from reid_lightning.run.user_errors import clear_message
from reid_lightning.signatures import check_argument

Work = Callable[[DictConfig], object]


class OwnCallback(pl.Callback):
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        raise KeyError("x")


class OwnPart:
    def __init__(self) -> None:
        raise IndexError("no such part")


class OwnDataset(Dataset[int]):
    def __getitem__(self, index: int) -> int:
        raise KeyError("picture")

    def __len__(self) -> int:
        return 1


def own_schedule(epoch: float) -> float:
    raise LookupError("no such epoch")


def refusal(config: dict[str, object], work: Work) -> str:
    with pytest.raises(ReIDError) as caught:
        parts_named_in_errors(work)(OmegaConf.create(config))
    return str(caught.value)


def own(name: str, **more: object) -> dict[str, object]:
    return {"_target_": f"{__name__}.{name}", **more}


def step(config: DictConfig) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = instantiate(config.optimizer)([weight])
    weight.sum().backward()
    optimizer.step()


def test_an_optimizer_that_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    config = {"optimizer": {"_target_": "torch.optim.SparseAdam", "_partial_": True}}
    with caplog.at_level(logging.DEBUG):
        message = refusal(dict(config), step)
    assert re.fullmatch(
        r"optimizer \(torch\.optim\.sparse_adam\.SparseAdam\) fails: RuntimeError: SparseAdam does "
        r"not support dense gradients, please consider Adam instead \(\S+sparse_adam\.py, line "
        r"\d+; hydra\.verbose=true logs the traceback\)\.",
        message,
    )
    assert caplog.records[-1].exc_info is not None and caplog.records[-1].levelno == logging.DEBUG


def fit(config: DictConfig) -> None:
    callbacks = [instantiate(callback) for callback in config.callbacks.values()]
    trainer = pl.Trainer(callbacks=callbacks, logger=False, accelerator="cpu", max_epochs=1)
    trainer.fit(BoringModel())


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("pytorch_lightning.callbacks.BackboneFinetuning", "AttributeError: .* 'backbone'"),
        ("pytorch_lightning.callbacks.LearningRateFinder", "AttributeError: When using the"),
        ("pytorch_lightning.callbacks.BatchSizeFinder", "MisconfigurationException: Field batch"),
        (f"{__name__}.OwnCallback", r"KeyError: 'x' \(\S*test_failing_part\.py, line \d+;"),
    ],
)
def test_a_callback_that_does_not_fit(target: str, reason: str) -> None:
    callbacks = {"a": {"_target_": "pytorch_lightning.Callback"}, "x": {"_target_": target}}
    message = refusal({"callbacks": callbacks, "seed": 0}, fit)
    assert re.match(rf"callbacks\.x \(\S+\) fails: {reason}", message)


def test_a_function_of_the_users_and_what_two_keys_name() -> None:
    config = {"scheduler": own("own_schedule", _partial_=True)}
    message = refusal(dict(config), lambda config: instantiate(config.scheduler)(0.5))
    assert message.startswith(f"scheduler ({__name__}.own_schedule) fails: LookupError: no such e")
    twice = {"callbacks": {"x": own("OwnCallback"), "y": own("OwnCallback")}}
    assert refusal(dict(twice), fit).startswith(f"callbacks.x or callbacks.y ({__name__}.OwnCall")


def test_what_a_worker_process_of_the_users_class_raises() -> None:
    def load(config: DictConfig) -> list[int]:
        return list(DataLoader(instantiate(config.data), num_workers=1))

    message = refusal({"data": own("OwnDataset")}, load)
    assert message.startswith(f"data ({__name__}.OwnDataset) fails: KeyError: 'picture' (")
    assert "Traceback" not in message


def test_a_constructor_that_fails_is_named_whatever_it_raises() -> None:
    with pytest.raises(Exception) as caught:
        parts_named_in_errors(lambda config: instantiate(config.part))(
            OmegaConf.create({"part": own("OwnPart")})
        )
    assert clear_message(caught.value) == "part cannot be made: IndexError('no such part')"


def test_a_bug_of_ours_and_a_sentence_stay_as_they_are() -> None:
    config = OmegaConf.create({"optimizer": {"_target_": "torch.optim.SGD"}})
    bug: Work = lambda config: unknown_name("key", None)  # type: ignore[arg-type]  # noqa: E731
    with pytest.raises(TypeError, match="NoneType"):
        parts_named_in_errors(bug)(config)
    with pytest.raises(ReIDError, match=r"^key=1 must be 2\.$"):
        parts_named_in_errors(lambda config: check_argument("key", 1, Literal[2]))(config)
