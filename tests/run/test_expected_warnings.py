"""Warnings of libraries about what is intended are not shown; all others are."""

import warnings
from collections.abc import Iterator

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.connectors import data_connector
from torch.utils.data import DataLoader

from reid_lightning.data.loaders import make_loader
from reid_lightning.run.command_line import silence_expected_warnings

# As one run on a GPU printed them.
OF_TORCH = (
    "The AccumulateGrad node's stream does not match the stream of the node that produced the "
    "incoming gradient. This may incur unnecessary synchronization and break CUDA graph capture",
    "Attempting to run cuBLAS, but there was no current CUDA context! Attempting to set the "
    "primary context... (Triggered internally at CublasHandlePool.cpp:335.)",
)


@pytest.fixture
def shown() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        yield shown


@pytest.fixture
def many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_connector, "suggested_max_num_workers", lambda _: 15)


def check(loader: DataLoader[torch.Tensor], name: str) -> None:
    data_connector._worker_check(pl.Trainer(accelerator="cpu", logger=False), loader, name)


@pytest.mark.parametrize("name", ["train_dataloader", "val_dataloader", "test_dataloader"])
def test_a_loader_that_needs_no_workers(
    name: str, shown: list[warnings.WarningMessage], many_cores: None
) -> None:
    """With pictures on the device, batches are lists of indices."""
    loader = make_loader([torch.zeros(2)], None, workers=8, gpu=True)  # type: ignore[arg-type]
    assert loader.num_workers == 0
    check(loader, name)
    assert "many workers" in str(shown.pop().message)
    silence_expected_warnings()
    check(loader, name)
    assert not shown


@pytest.mark.parametrize("message", OF_TORCH)
def test_messages_of_torch(message: str, shown: list[warnings.WarningMessage]) -> None:
    silence_expected_warnings()
    warnings.warn(message, UserWarning, stacklevel=1)
    assert not shown
    warnings.warn("Another: " + message, UserWarning, stacklevel=1)
    assert len(shown) == 1
