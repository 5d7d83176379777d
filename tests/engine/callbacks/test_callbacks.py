import logging
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from reid_lightning.engine.callbacks import (
    Collapse,
    EpochLog,
    EpochMeans,
    FiniteLoss,
    LastCheckpoint,
    epoch_means,
)
from reid_lightning.engine.callbacks.collapse import collapsed
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


class Data(pl.LightningDataModule):
    """A batch of one picture for each of `values`."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.items = [{"image": torch.tensor([v]), "index": i} for i, v in enumerate(values)]

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.items, batch_size=1)  # type: ignore[arg-type]

    def training_files(self, indices: list[int]) -> list[Path]:
        return [Path(f"train/{index}.jpg") for index in indices]


def fit(
    values: list[float],
    *callbacks: pl.Callback,
    model: pl.LightningModule | None = None,
    epochs: int = 1,
    **options: Any,
) -> pl.Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    saves = any(isinstance(c, LastCheckpoint) for c in callbacks)
    trainer = pl.Trainer(
        max_epochs=epochs, callbacks=list(callbacks), accelerator="cpu",
        enable_checkpointing=saves, **quiet, **options,
    )  # fmt: skip
    trainer.fit(model or Line(), datamodule=Data(values))
    return trainer


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("index", [1, 2])
def test_a_loss_that_is_not_finite_stops_the_run(bad: float, index: int) -> None:
    values = [1.0, 1.0, 1.0]
    values[index] = bad
    message = rf"step {index + 1} \(learning rate 0.5\).*pictures, in train: {index}.jpg\.$"
    with pytest.raises(ReIDError, match=message):
        fit(values, FiniteLoss())


def test_the_reported_learning_rate_is_the_steps_own() -> None:
    class Decayed(Line):
        def configure_optimizers(self) -> Any:
            optimizer = super().configure_optimizers()
            schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"},
            }

    with pytest.raises(ReIDError, match=r"step 2 \(learning rate 0.25\)"):
        fit([1.0, math.nan, 1.0], FiniteLoss(), model=Decayed())


def test_no_checkpoint_holds_weights_that_a_nan_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    with pytest.raises(ReIDError, match="step 2 "):
        fit([1.0, math.nan, 1.0, 1.0], LastCheckpoint(path, every_n_steps=1), FiniteLoss())
    kept = torch.load(path, weights_only=True)
    assert kept["global_step"] == 1 and kept["state_dict"]["weight"].isfinite()


def test_a_finite_loss_does_not() -> None:
    fit([1.0, 5.0, -5.0], FiniteLoss())


def test_one_line_an_epoch_and_the_speed_as_a_metric(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trainer = fit([1.0, 2.0], EpochLog())
    assert trainer.callback_metrics["train/images_per_second"] > 0
    (line,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("epoch")]
    assert line.startswith("epoch 1/1 · loss 1.000 · ")


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
        self.metrics = {"train/loss_metric": loss, "train/dist_pos": 1e-4, "train/dist_neg": 1e-4}

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        self.log_dict(self.metrics, on_epoch=True, on_step=False)
        return super().training_step(batch, batch_idx)


@pytest.mark.parametrize(("loss", "margin"), [(0.3, 0.3), (0.6931, "soft")])
def test_a_collapse_is_reported_once_with_likely_causes(
    loss: float, margin: float | str, caplog: pytest.LogCaptureFixture
) -> None:
    fit([1.0, 1.0], Collapse(), model=Collapsed(loss, margin), epochs=3)
    warnings = [r.getMessage() for r in caplog.records if "collapsed" in r.getMessage()]
    assert len(warnings) == 1 and "optimizer.lr" in warnings[0]


@pytest.mark.parametrize(
    ("every", "options", "saved"),
    [
        (None, {}, [5, 10]),
        (2, {}, [2, 4, 5, 6, 8, 10]),  # 10 is an epoch's last step: saved with the epoch alone
        (1, {"accumulate_grad_batches": 2}, [1, 2, 3, 4, 5, 6]),  # three optimizer steps an epoch
        (1, {"val_check_interval": 2}, [1, 3, 5, 6, 8, 10]),
    ],
)
def test_when_the_last_checkpoint_is_written(
    every: int | None, options: dict[str, int], saved: list[int], tmp_path: Path
) -> None:
    steps = []

    class Written(LastCheckpoint):
        def on_save_checkpoint(self, trainer: pl.Trainer, *args: Any) -> None:
            steps.append(trainer.global_step)

    callback = Written(tmp_path / "last.ckpt", every)
    fit([1.0] * 5, callback, epochs=2, **options)
    assert steps == saved


def test_steps_between_checkpoints_are_one_or_more(tmp_path: Path) -> None:
    with pytest.raises(
        ReIDError, match=r"callbacks\.last\.every_n_steps=0 must be an integer of 1"
    ):
        LastCheckpoint(tmp_path / "last.ckpt", every_n_steps=0)


def step_outputs(*values: float) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What a step returns, and its batch; the first value is its number of pictures."""
    size, loss, norm = values
    named = {"loss": torch.tensor(loss), "norm": torch.tensor(norm)}
    return {"diagnostics": named}, {"image": torch.zeros(int(size))}


def test_means_are_weighted_by_pictures_and_survive_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: dict[str, torch.Tensor] = {}
    ranks = torch.tensor([[5.0, 7.0, 1.0]])  # another rank's sums so far: one picture
    monkeypatch.setattr(epoch_means, "gather_rows", lambda sums: torch.cat([sums, ranks]))
    both: Any = SimpleNamespace(log_dict=lambda means, logger: logged.update(means))
    first, again, checkpoint = EpochMeans(), EpochMeans(), {}
    trainer: Any = SimpleNamespace(global_rank=0)
    first.on_train_batch_end(trainer, both, *step_outputs(2, 1.0, 10.0), 0)
    first.on_save_checkpoint(trainer, both, checkpoint)
    again.on_load_checkpoint(trainer, both, checkpoint)
    again.on_train_batch_end(trainer, both, *step_outputs(1, 4.0, 40.0), 1)
    again.on_train_epoch_end(trainer, both)
    expected = {"train/loss": (2 + 4 + 5) / 4, "train/norm": (20 + 40 + 7) / 4}
    assert {name: float(mean) for name, mean in logged.items()} == expected
    checkpoint = {}
    again.on_save_checkpoint(trainer, both, checkpoint)
    assert checkpoint == {}, "an epoch begins with nothing"
