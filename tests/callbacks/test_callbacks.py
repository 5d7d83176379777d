import logging
import math
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from reid_lightning.callbacks import Collapse, EpochLog, FiniteLoss
from reid_lightning.callbacks.collapse import collapsed
from reid_lightning.errors import ReIDError


class Line(pl.LightningModule):
    """One weight; its loss is what the batch says."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        loss = self.weight * batch["image"].mean()
        self.log_dict({"train/loss": loss, "train/lr": 0.5}, on_epoch=True, on_step=False)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.5)


def fit(
    values: list[float],
    *callbacks: pl.Callback,
    model: pl.LightningModule | None = None,
    epochs: int = 1,
) -> pl.Trainer:
    options: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "accelerator": "cpu"}
    trainer = pl.Trainer(
        max_epochs=epochs, enable_progress_bar=False, enable_model_summary=False,
        callbacks=list(callbacks), **options,
    )  # fmt: skip
    images = [{"image": torch.tensor([v])} for v in values]
    trainer.fit(model or Line(), DataLoader(images, batch_size=1))
    return trainer


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", [1, 2])
def test_a_loss_that_is_no_number_stops_the_run(bad: float, place: int) -> None:
    values = [1.0, 1.0, 1.0]
    values[place] = bad
    with pytest.raises(ReIDError, match=rf"step {place + 1} \(learning rate 0.5\)"):
        fit(values, FiniteLoss())


def test_a_finite_loss_does_not() -> None:
    fit([1.0, 5.0, -5.0], FiniteLoss())


def test_one_line_an_epoch_and_the_speed_as_a_metric(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trainer = fit([1.0, 2.0], EpochLog())
    assert trainer.callback_metrics["train/images_per_second"] > 0
    (line,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("epoch")]
    assert line.startswith("epoch 1/1 · loss 1.000 · lr 0.5")


@pytest.mark.parametrize(
    ("loss", "cost", "distance", "expected"),
    [
        (0.30, 0.3, 0.001, True),
        (0.31, 0.3, 0.001, True),
        (0.30, 0.3, 0.5, False),  # the margin's worth of loss, but embeddings are spread
        (0.10, 0.3, 0.001, False),
        (0.693, math.log(2), 0.001, True),
        (0.0, 0.0, 0.0, False),  # margin 0
    ],
)
def test_collapse_is_the_cost_of_equal_embeddings(
    loss: float, cost: float, distance: float, expected: bool
) -> None:
    assert collapsed(loss, cost, distance, distance) is expected


class Collapsed(Line):
    """Logs what a collapsed network logs."""

    def __init__(self, loss: float, margin: float | str) -> None:
        super().__init__()
        self.criterion = SimpleNamespace(metric=SimpleNamespace(margin=margin))
        self.told = {"train/loss_metric": loss, "train/dist_pos": 1e-4, "train/dist_neg": 1e-4}

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        self.log_dict(self.told, on_epoch=True, on_step=False)
        return super().training_step(batch, batch_idx)


@pytest.mark.parametrize(("loss", "margin"), [(0.3, 0.3), (0.6931, "soft")])
def test_a_collapse_is_told_once_with_likely_causes(
    loss: float, margin: float | str, caplog: pytest.LogCaptureFixture
) -> None:
    fit([1.0, 1.0], Collapse(), model=Collapsed(loss, margin), epochs=3)
    told = [r.getMessage() for r in caplog.records if "collapsed" in r.getMessage()]
    assert len(told) == 1 and "optimizer.lr" in told[0]
