"""What the host does in a training step beside the network: operations started, and milliseconds.

    python -m benchmarks.host_work [--augmentation strong] [--callbacks averaged] [--profile 25]

Both tables are of a real `pl.Trainer.fit` with the default logger and the callbacks of a file of
`conf/callbacks`, on the CPU, with batches of 64 from a synthetic set that is drawn for the purpose.

- Operations are those that PyTorch dispatches in one step of MobileNetV2 with batch-hard; each is
  at least one kernel or copy on a device. Batches are augmented as on a GPU; the two kernels of the
  colour jitter are no operations of PyTorch's, nor are copies to a device counted on the CPU.
- Milliseconds are medians over the steps, with a network of one convolution and pictures of 16 × 8:
  what is left is nearly all the host's. The bare step is forward, criterion, backward and optimizer
  of one batch in memory; all else is what a GPU would wait for, if it were fast enough.

`--profile N` also lists the N functions in which the fit loop spends most time (which the profiler
makes two to three times slower).
"""

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from tabulate import tabulate
from torch import nn

from benchmarks.bare_step import bare_step, one_batch
from benchmarks.device_operations import DeviceOperations
from benchmarks.sides import WARM_UP, compose
from benchmarks.train_sides import Stopwatch
from reid_lightning.data.augmentation import cropped
from reid_lightning.engine.module import ReIDModule
from reid_lightning.models import Embedder
from reid_lightning.run.build import build_module

STEPS, CHANNELS = 60, 32
PHASES = ("augmentation", "embedder", "criterion", "backward", "optimizer", "all else")


class OneConvolution(nn.Conv2d):
    """The smallest backbone."""

    num_features = CHANNELS

    def __init__(self) -> None:
        super().__init__(3, CHANNELS, kernel_size=8, stride=8)


class Phases(pl.Callback):
    """Counts the operations of each phase of the step after `WARM_UP` others."""

    def __init__(self) -> None:
        self.phase, self.counts = "all else", dict.fromkeys(PHASES, 0)
        self.mode = DeviceOperations()

    def enter(self, phase: str) -> None:
        """The operations since the last call were the phase's before."""
        self.counts[self.phase] += self.mode.names.total()
        self.mode.names.clear()
        self.phase = phase

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Hang up the signs."""
        data = trainer.datamodule
        data.on_after_batch_transfer = self.during("augmentation", data.on_after_batch_transfer)
        for phase, network in (("embedder", pl_module.model), ("criterion", pl_module.criterion)):
            network.forward = self.during(phase, network.forward)

    def during(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, whose operations are the phase's."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.enter(phase)
            try:
                return function(*args, **kwargs)
            finally:
                self.enter("all else")

        return counted

    def on_before_backward(self, *_: Any) -> None:
        """Begin a phase."""
        self.enter("backward")

    def on_after_backward(self, *_: Any) -> None:
        """End it."""
        self.enter("all else")

    def on_before_optimizer_step(self, *_: Any) -> None:
        """Begin a phase; `on_train_batch_end` ends it."""
        self.enter("optimizer")

    def on_train_batch_end(self, *args: Any) -> None:
        """Count from here to here, one step later."""
        self.enter("all else")
        if args[-1] == WARM_UP - 1:
            self.counts = dict.fromkeys(PHASES, 0)
            self.mode.__enter__()
        if args[-1] == WARM_UP:
            self.mode.__exit__(None, None, None)


def configured(folder: str, height: int, width: int, *chosen: str) -> DictConfig:
    """A training on the CPU that writes to `folder`."""
    outputs = {
        "callbacks.best.dirpath": "checkpoints", "callbacks.last.path": "checkpoints/last.ckpt",
        "callbacks.status.folder": "", "callbacks.findings.folder": "", "logger.save_dir": "",
    }  # fmt: skip
    Path(folder, "run").mkdir(exist_ok=True)
    written = [f"{key}={folder}/run/{path}" for key, path in outputs.items()]
    return compose(
        folder, height, width, "trainer.accelerator=cpu", "data.workers=0", *chosen, *written
    )


def fit(config: DictConfig, steps: int, *first: pl.Callback, small: bool = False) -> ReIDModule:
    """Train `steps` steps with the callbacks that are configured, `first` before them."""
    data = instantiate(config.data)
    module = build_module(config, data.num_classes)
    if small:
        module.model = Embedder(OneConvolution(), data.num_classes)
    trainer = instantiate(
        config.trainer, logger=instantiate(config.logger), max_steps=steps, max_epochs=99,
        callbacks=[*first, *(instantiate(c) for c in config.callbacks.values())],
        enable_progress_bar=False, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(module, data)
    return module


def milliseconds(work: Callable[[], Any]) -> float:
    """The median time of `work`, the first few left out."""
    seconds = []
    for _ in range(WARM_UP + STEPS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1e3 * statistics.median(seconds[WARM_UP:])


def host_time(config: DictConfig, profile: int) -> list[float]:
    """Milliseconds of a step: in fit, bare, augmentation, loader, and all else."""
    watch, data = Stopwatch(), instantiate(config.data)
    module = fit(config, WARM_UP + STEPS, watch, small=True)
    whole = 1e3 * statistics.median(b - a for a, b in pairwise(watch.ends[WARM_UP - 1 :]))
    batch = one_batch(64, config.data.height, config.data.width, torch.device("cpu"))
    bare = milliseconds(bare_step(module, batch))
    (loaded,) = islice(data.train_dataloader(), 1)
    augmentation = milliseconds(lambda: data.on_after_batch_transfer(dict(loaded), 0))
    batches = chain.from_iterable(data.train_dataloader() for _ in range(STEPS))
    loader = milliseconds(lambda: next(batches))
    if profile:
        with cProfile.Profile() as profiler:
            fit(config, WARM_UP + STEPS, small=True)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(profile)
    return [whole, bare, augmentation, loader, whole - bare - augmentation - loader]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    choices = ("none", "flip_crop", "standard", "strong")
    parser.add_argument(
        "--augmentation", nargs="+", choices=choices, default=["standard", "strong"]
    )
    parser.add_argument("--callbacks", choices=("default", "averaged"), default="default")
    parser.add_argument("--profile", type=int, default=0, help="functions to list")
    options = parser.parse_args()
    operations, times = [], []
    with tempfile.TemporaryDirectory() as folder:
        for augmentation in options.augmentation:
            phases = Phases()
            chosen = [f"augmentation={augmentation}", f"callbacks={options.callbacks}"]
            # As on a device; the jitter's kernels are compiled ones here and there.
            with patch.object(cropped, "cropped_input_numba", cropped.cropped_input_torch):
                fit(configured(folder, 128, 64, *chosen), WARM_UP + 2, phases)
            counts = list(phases.counts.values())
            operations.append([augmentation, *counts, sum(counts)])
            config = configured(folder, 16, 8, *chosen)
            times.append([augmentation, *host_time(config, options.profile)])
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batches of 64")
    print("\nOperations of a step")
    print(tabulate(operations, ["augmentation", *PHASES, "all"]))
    print("\nMilliseconds of a step with a network of one convolution, pictures of 16 × 8")
    parts = ["in fit", "bare step", "augmentation", "loader", "all else of the host's"]
    print(tabulate(times, ["augmentation", *parts], floatfmt=".2f"))


if __name__ == "__main__":
    main()
