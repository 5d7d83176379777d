"""Augmented training batches per second, compared with the plain pipeline that peers use.

    python -m benchmarks.input_speed --rounds 5

Both sides produce the same batches of 64 from a synthetic set that is drawn for the purpose, with
`augmentation=standard`, as float32 tensors. The plain one decodes with PIL, transforms each
picture with torchvision and collates in a DataLoader with two workers. Each side runs in a process
of its own; they alternate, and the table has the medians over the rounds. Ours has its pictures
decoded already; the speed of that is printed separately.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import count

import torch
from hydra.utils import instantiate
from tabulate import tabulate

from benchmarks.plain import plain_batches
from benchmarks.sides import SIZES, alternate, compose, speed
from reid_lightning.data import ReIDDataModule
from reid_lightning.run.glibc_memory import keep_large_blocks

STEPS = 150


def our_batches(data: ReIDDataModule) -> Iterator[torch.Tensor]:
    """The network's input batches, epoch after epoch."""
    loader = data.train_dataloader()
    for epoch in count():
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            yield data.on_after_batch_transfer(batch, 0)["image"]


def measure(side: str, folder: str, height: int, width: int) -> float:
    """Images per second of one side."""
    config = compose(folder, height, width)
    data: ReIDDataModule = instantiate(config.data)
    if side == "plain":
        return speed((len(images) for images, _ in plain_batches(data, config)), STEPS)
    keep_large_blocks()  # as train.py does
    return speed(map(len, our_batches(data)), STEPS)


def main() -> None:
    """Print the table, or the speed of one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=("plain", "ours"), help="measure only this side")
    parser.add_argument("--folder", default="", help="of the data set and its decoded pictures")
    parser.add_argument("--size", type=int, nargs=2, default=SIZES[0], help="height and width")
    options = parser.parse_args()
    if options.side:
        print(measure(options.side, options.folder, *options.size))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            data = instantiate(compose(folder, *size).data)
            pictures = len(data.folder.used.train)
            started = time.perf_counter()
            data.train_dataloader()
            decoding = pictures / (time.perf_counter() - started)
            arguments = ["--folder", folder, "--size", *map(str, size)]
            speeds = alternate(
                "benchmarks.input_speed", {"plain": {}, "ours": {}}, arguments, options.rounds
            )
            rows.append(
                [*size, speeds["plain"], speeds["ours"], speeds["ours"] / speeds["plain"], decoding]
            )
    headers = [
        "height",
        "width",
        "plain images/s",
        "ours images/s",
        "ratio",
        "decoded once, images/s",
    ]
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batches of 64")
    print(tabulate(rows, headers, floatfmt=".1f"))


if __name__ == "__main__":
    main()
