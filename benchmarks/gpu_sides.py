"""What gpu_speed.py measures: the parts of a training on a device, and train.py as a whole."""

import csv
import gc
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from PIL import Image

from benchmarks.bare_step import bare_step, one_batch
from benchmarks.sides import market1501_names, speed
from reid_lightning.data import ReIDDataModule
from reid_lightning.run.build import build_module

PICTURES, IDENTITIES, K = 12_936, 751, 4
EPOCHS = 3  # the first is not counted
STEPS, ROUNDS = {"cuda": 20, "cpu": 2}, 3
Speeds = dict[tuple[str, int], float]  # images per second by precision and batch


def make_set(root: Path, pictures: int) -> None:
    """Pictures of noise: the first of Market-1501's training names, and a small test."""
    names: dict[str, list[Path]] = {}
    for path in market1501_names():
        names.setdefault(path.parts[0], []).append(path)
    queries = names["query"][:30]
    people = {path.name[:5] for path in queries}
    gallery = [path for path in names["bounding_box_test"] if path.name[:5] in people]
    for folder in names:
        (root / folder).mkdir(parents=True)
    for path in (*names["bounding_box_train"][:pictures], *queries, *gallery):
        Image.effect_noise((64, 128), 64).convert("RGB").save(root / path)


def median_speed(work: Callable[[], int], device: torch.device) -> float:
    """Images per second of `work`, which gives how many it did: the median of some rounds."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    steps = (work() for _ in count())
    return statistics.median(speed(steps, STEPS[device.type], wait) for _ in range(ROUNDS))


def input_speeds(config: DictConfig, device: torch.device) -> tuple[float, float]:
    """Of the loader and of the augmentation, with the training pictures on the device."""
    data: ReIDDataModule = instantiate(config.data)
    data.trainer = pl.Trainer(  # which knows the device
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
    )
    loader, size = data.train_dataloader(), config.data.p * config.data.k

    def batches() -> Iterator[dict[str, Any]]:
        for epoch in count():
            loader.sampler.set_epoch(epoch)
            for batch in loader:
                yield data.transfer_batch_to_device(batch, device, 0)

    loaded = batches()
    batch = next(loaded)

    def load() -> int:
        next(loaded)
        return size

    def augment() -> int:
        return len(data.on_after_batch_transfer(dict(batch), 0)["image"])

    return median_speed(load, device), median_speed(augment, device)


def step_speed(config: DictConfig, device: torch.device, *, graphed: bool) -> float:
    """Of the bare step."""
    gc.collect()  # graphs refer to themselves, and keep their memory until then
    module = build_module(config, IDENTITIES).to(device)
    size = config.data.p * config.data.k
    batch = one_batch(size, config.data.height, config.data.width, device)
    step = bare_step(module, batch, precision=config.trainer.precision, graphed=graphed)
    return median_speed(step, device)


def train_speeds(
    code: Path, folder: Path, options: list[str], precisions: tuple[str, ...], sizes: list[int]
) -> Speeds:
    """Of `train.py` in the folder `code`: all epochs but the first, of jobs that have any.

    One sweep: its jobs share a process, and so the time to import and to wake the device.
    """
    command = [sys.executable, str(code / "train.py"), "-m", *options]
    command += [
        f"trainer.precision={','.join(precisions)}",
        f"data.p={','.join(str(size // K) for size in sizes)}",
        f"trainer.max_epochs={EPOCHS}",
        f"trainer.check_val_every_n_epoch={EPOCHS}",
        f"hydra.sweep.dir={folder}",
        "hydra.sweep.subdir=${hydra.job.num}",
    ]
    done = subprocess.run(command, cwd=code, capture_output=True, text=True)
    if done.returncode:
        print(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}", file=sys.stderr)
    jobs = [(precision, size) for precision in precisions for size in sizes]
    speeds = {job: _mean_speed(folder / str(number)) for number, job in enumerate(jobs)}
    return {job: speed for job, speed in speeds.items() if speed}


def _mean_speed(run: Path) -> float:
    """Of a run's epochs but the first; 0 if it has not trained them."""
    file = run / "metrics.csv"
    rows = csv.DictReader(file.read_text().splitlines() if file.is_file() else [])
    column = [row["train/images_per_second"] for row in rows]
    counted = [float(value) for value in column if value][1:EPOCHS]
    return statistics.mean(counted) if len(counted) == EPOCHS - 1 else 0.0
