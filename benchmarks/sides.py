"""Shared by benchmarks: configurations, Market-1501's names, alternating sides, a stopwatch."""

import lzma
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import hydra
from omegaconf import DictConfig

ROOT = Path(__file__).parent.parent
SIZES = ((128, 64), (256, 128))
WARM_UP = 3  # steps before the clock starts


def compose_train(*overrides: str) -> DictConfig:
    """The configuration of a run of train.py."""
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return hydra.compose("train", list(overrides))


def compose(folder: str, height: int, width: int, *overrides: str) -> DictConfig:
    """The configuration of a run at this size, on a synthetic set in `folder`."""
    folders = [f"data.root={folder}/set", f"data.cache={folder}/cache", "data.cache_gib=16"]
    size = [f"data.height={height}", f"data.width={width}"]
    return compose_train(
        "data=synthetic", "loss=hard", "augmentation=standard", *folders, *size, *overrides
    )


def market1501_names() -> list[Path]:
    """The files of the real Market-1501, from its folder on."""
    packed = (ROOT / "tests" / "fixtures" / "market1501_names.txt.xz").read_bytes()
    return [Path(name) for name in lzma.decompress(packed).decode().split()]


def alternate(
    module: str,
    sides: Mapping[str, Mapping[str, str]],
    arguments: Sequence[str],
    rounds: int,
    before: Path | None = None,
) -> dict[str, float]:
    """The median of the figures that each side prints, over rounds in which the sides alternate.

    Args:
        module: is run with `--side NAME` and `arguments` in a process of its own.
        sides: names, and the environment variables of each.
        before: the code of another commit: its sides `ours …` alternate with these as `before …`.
    """
    runs = [(side, side, ROOT) for side in sides]
    if before:
        ours = [side for side in sides if side.startswith("ours")]
        runs += [(side.replace("ours", "before", 1), side, before) for side in ours]
    figures: dict[str, list[float]] = {name: [] for name, *_ in runs}
    for _ in range(rounds):
        for name, side, code in runs:
            command = [sys.executable, "-m", module, "--side", side, *arguments]
            completed = subprocess.run(
                command, cwd=code, env=os.environ | sides[side], stdout=subprocess.PIPE, check=True
            )
            figures[name].append(float(completed.stdout.split()[-1]))
    return {name: statistics.median(values) for name, values in figures.items()}


def speed(steps: Iterable[int], count: int, wait: Callable[[], object] = lambda: None) -> float:
    """Images per second over `count` steps, each of which yields its number of pictures.

    Args:
        wait: until the device is done with all steps.
    """
    running = iter(steps)
    sum(islice(running, WARM_UP))
    wait()
    started = time.perf_counter()
    images = sum(islice(running, count))
    wait()
    return images / (time.perf_counter() - started)
