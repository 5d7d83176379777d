"""The bars of a training as a terminal shows them."""

import logging
import re
import sys
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from terminal import terminal
from torch.utils.data import DataLoader

from reid_lightning.engine.callbacks import FiniteLoss, Progress
from reid_lightning.engine.callbacks.progress import seconds_left


class Line(pl.LightningModule):
    """One weight; it logs a line in every epoch, and may end with an error."""

    def __init__(self, broken: bool) -> None:
        super().__init__()
        self.weight, self.broken = torch.nn.Parameter(torch.ones(())), broken

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        if self.broken and batch_idx == 2:
            raise ValueError("broken")
        return self.weight * batch["image"].mean()

    def validation_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> None:
        return None

    def test_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> None:
        return None

    def on_train_epoch_end(self) -> None:
        logging.getLogger("of.the.test").warning("an epoch has ended")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def loader() -> DataLoader[Any]:
    return DataLoader([{"image": torch.ones(2), "index": i} for i in range(6)], batch_size=2)  # type: ignore[arg-type]


def shown_by_training(
    columns: int, monkeypatch: pytest.MonkeyPatch, broken: bool = False
) -> tuple[str, list[str]]:
    with terminal(columns, monkeypatch) as shown:
        console = logging.StreamHandler(sys.stdout)
        monkeypatch.setattr(logging.root, "handlers", [console])
        trainer = pl.Trainer(
            max_epochs=2, accelerator="cpu", callbacks=[FiniteLoss(), Progress()], logger=False,
            enable_checkpointing=False, enable_model_summary=False, num_sanity_val_steps=0,
        )  # fmt: skip
        module = Line(broken)
        try:
            trainer.fit(module, loader(), loader())
        finally:
            assert logging.root.handlers == [console], "the log is as it was"
        trainer.test(module, loader(), verbose=False)
    return shown.text, shown.lines()


@pytest.mark.parametrize("columns", [80, 120])
def test_a_line_for_the_epoch_that_never_wraps(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, states = shown_by_training(columns, monkeypatch)
    assert max(map(len, states)) == columns - 1
    for epoch in (1, 2):
        last = [state for state in states if state.startswith(f"epoch {epoch}/2 |")][-1]
        left = r"\d\d:\d\d left \(run \d\d:\d\d\)"
        assert re.search(rf"\| 3/3, loss 1\.000, \d+ images/s, {left}$", last), last
    assert not re.search(r"Epoch|DataLoader|v_num", text)
    for name in ("validation |", "test |"):
        assert any(state.startswith(name) for state in states)
    assert states.count("an epoch has ended") == 2, "on lines of their own"


def test_after_an_error_no_bar_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="broken"):
        shown_by_training(80, monkeypatch, broken=True)


def test_the_time_left_counts_the_validation_of_every_epoch() -> None:
    left = seconds_left(2.0, 30.0, batches=10, batches_left=4, epochs_left=3)
    assert left == (8 + 30, 8 + 30 + 3 * (20 + 30))
    assert seconds_left(2.0, 0.0, batches=10, batches_left=0, epochs_left=0) == (0, 0)
