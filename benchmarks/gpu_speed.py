"""Images per second of training on a GPU: of all its parts, and end to end.

    python -m benchmarks.gpu_speed
    python -m benchmarks.gpu_speed --against c90483b
    python -m benchmarks.gpu_speed --device cpu --size 32 16 --batches 8 --pictures 64

For float32, bf16 and fp16, MobileNetV2 with batch-hard, at 256 × 128 and batches of 64 and 256:

- loader: batches of the training pictures in the device's memory, which are lists of indices;
- augmentation: of one batch, `augmentation=standard`;
- eager: the bare step on one batch in memory, launched kernel by kernel;
- graphed: the same, with the network's forward and backward pass as CUDA graphs;
- train.py: end to end, with its default callbacks, after the first epoch;
- and how long it takes for 60 epochs of Market-1501, without validation.

Each stands with its share of the graphed step. The set has the names of Market-1501's training
pictures, and noise in them. A CPU, to try the script, has no graphs, nor fp16: its shares are of
the eager step. `--against REV` also trains by train.py as it was at a commit.
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

import torch
from tabulate import tabulate

from benchmarks.gpu_sides import (
    PICTURES,
    K,
    input_speeds,
    make_set,
    step_speed,
    train_speeds,
)
from benchmarks.revisions import code_at, commit
from benchmarks.sides import ROOT, compose_train

PRECISIONS = {"cuda": ("32-true", "bf16-mixed", "16-mixed"), "cpu": ("32-true", "bf16-mixed")}
MARKET_EPOCHS = 60
FAILED = ["failed", "–"]


def minutes(images_per_second: float, size: int) -> str:
    """How long 60 epochs of Market-1501 take in batches of `size`."""
    seconds = MARKET_EPOCHS * (PICTURES // size * size) / images_per_second
    return f"{seconds / 60:.1f} min"


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=PRECISIONS, default="cuda")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 128), help="height and width")
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256], help="their sizes")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="to train on")
    parser.add_argument(
        "--against", metavar="REV", type=commit, help="a commit whose train.py is timed, too"
    )
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU: try the script with --device cpu (see --help)")
    return options


def main() -> None:
    """Print the table."""
    options, began = arguments(), time.perf_counter()
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    (height, width), sizes = options.size, options.batches
    on_gpu, precisions = options.device == "cuda", PRECISIONS[options.device]
    machine = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    print(f"{machine}, torch {torch.__version__}, {height} × {width}", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        code_at(options.against) as old,
    ):
        make_set(Path(folder, "set"), options.pictures)
        common = [
            "data=market1501", "loss=hard", "augmentation=standard", "model.weights=none",
            f"data.root={folder}/set", f"data.cache={folder}/cache",
            f"data.height={height}", f"data.width={width}",
            f"trainer.accelerator={'gpu' if on_gpu else 'cpu'}",
        ]  # fmt: skip
        # First, while this process has no memory of the device.
        trained = train_speeds(ROOT, Path(folder, "now"), common, precisions, sizes)
        before = train_speeds(old, Path(folder, "old"), common, precisions, sizes) if old else {}
        parts, device = {}, torch.device(options.device)
        for size in sizes:
            own = [*common, "data.device_store=true", f"data.p={size // K}"]
            inputs = input_speeds(compose_train(*own), device)
            for precision in precisions:
                config = compose_train(*own, f"trainer.precision={precision}")
                steps = [step_speed(config, device, graphed=False)]
                steps += [step_speed(config, device, graphed=True)] if on_gpu else []
                parts[precision, size] = [*inputs, *steps]
    rows = []
    for job, values in parts.items():
        bound, now, then = values[-1], trained.get(job), before.get(job)
        cells = [f"{value:,.0f} ({value / bound:.2f})" for value in values]
        cells += [] if on_gpu else ["–"]
        cells += [f"{now:,.0f} ({now / bound:.2f})", minutes(now, job[1])] if now else FAILED
        if options.against:
            cells += [f"{then:,.0f}", f"{now / then:.1f}×"] if now and then else FAILED
        rows.append([*job, *cells])
    headers = ["precision", "batch", "loader", "augmentation", "eager", "graphed", "train.py"]
    headers += ["60 epochs", *([options.against, "faster by"] if options.against else [])]
    print(f"Images per second (share of the {'graphed' if on_gpu else 'eager'} step)\n")
    print(tabulate(rows, headers, disable_numparse=True))
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if any("failed" in row for row in rows):
        sys.exit("train.py failed: its output is above.")


if __name__ == "__main__":
    main()
