"""The three sides of train_speed.py: peers' training, ours, and our step alone."""

import time
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from benchmarks.bare_step import bare_step, one_batch
from benchmarks.plain import plain_batches
from benchmarks.sides import WARM_UP
from reid_lightning.run.build import build_module
from reid_lightning.run.glibc_memory import keep_large_blocks


class Stopwatch(pl.Callback):
    """Records when each training step ended, in seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Record the time."""
        self.ends.append(time.perf_counter())


def plain(config: DictConfig) -> Iterator[int]:
    """Training steps as peers implement them; yields the size of each batch."""
    data = instantiate(config.data)
    classes = data.num_classes
    model = instantiate(config.model, num_classes=classes)
    criterion = instantiate(config.loss, num_classes=classes, embedding_size=model.embedding_size)
    optimizer = torch.optim.Adam(model.parameters(), config.optimizer.lr, weight_decay=5e-4)
    for images, labels in plain_batches(data, config):
        features = model(images)
        loss = criterion(features.metric, features.logits, labels, torch.Generator())["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield len(images)


def bare(config: DictConfig) -> Iterator[int]:
    """Our training step alone, on one batch in memory; yields its size."""
    keep_large_blocks()
    module = build_module(config, instantiate(config.data).num_classes)
    batch = one_batch(64, config.data.height, config.data.width, torch.device("cpu"))
    step = bare_step(module, batch, precision=config.trainer.precision)
    while True:
        yield step()


def ours(config: DictConfig, steps: int) -> float:
    """Images per second over `steps` training steps of train.py."""
    keep_large_blocks()
    data, watch = instantiate(config.data), Stopwatch()
    trainer = instantiate(
        config.trainer, logger=False, callbacks=[watch], enable_checkpointing=False,
        enable_progress_bar=False, limit_val_batches=0, max_steps=WARM_UP + steps, max_epochs=99,
    )  # fmt: skip
    trainer.fit(build_module(config, data.num_classes), data)
    return 64 * steps / (watch.ends[-1] - watch.ends[WARM_UP - 1])
