"""Dropout and mining have a random stream of their own for every batch."""

from itertools import chain
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from reid_lightning.engine.module import ReIDModule
from reid_lightning.engine.schedules import constant
from reid_lightning.metrics import ReIDMetric
from reid_lightning.models.embedder import Features

BATCH = {"image": torch.zeros(2, 3, 4, 4), "label": torch.tensor([0, 1])}


class Network(nn.Module):
    """Records the next random number of the global stream, which dropout uses."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.freeze_backbone_epochs = nn.Linear(1, 1), 0
        self.numbers: list[float] = []

    def forward(self, images: torch.Tensor) -> Features:
        self.numbers.append(float(torch.rand(())))
        x = self.backbone(torch.ones(len(images), 1))
        return Features(x, x, x)


class Criterion(nn.Module):
    """Records the next random number of the generator that mining uses."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[float] = []

    def forward(self, metric: torch.Tensor, *others: Any) -> dict[str, torch.Tensor]:
        self.numbers.append(float(torch.rand((), generator=others[-1])))
        return {"loss": metric.sum()}


def numbers(accumulate: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Of two epochs of four batches."""
    network, criterion = Network(), Criterion()
    module: Any = ReIDModule(
        network,
        criterion,
        ReIDMetric(),
        torch.optim.SGD,
        constant,
        seed=seed,
        config={},  # type: ignore[arg-type]
    )
    module.optimizer = lambda groups: torch.optim.SGD(groups, lr=0.1)
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, accumulate_grad_batches=accumulate,
    )  # fmt: skip
    trainer.fit(module, DataLoader([BATCH] * 4, batch_size=None))  # type: ignore[arg-type]
    return network.numbers, criterion.numbers


def test_no_two_batches_share_random_numbers_also_where_gradients_are_accumulated() -> None:
    dropout, mining = numbers(accumulate=2)
    assert len(dropout) == len(mining) == 8
    assert len({*dropout, *mining}) == 16
    assert (dropout, mining) == numbers(accumulate=1), "functions of epoch and batch alone"
    assert not {*dropout, *mining} & {*chain(*numbers(accumulate=2, seed=1))}
