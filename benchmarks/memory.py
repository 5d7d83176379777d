"""Anonymous memory of training at 256×128 from a store of 13,000 pictures, epoch by epoch.

    python -m benchmarks.memory --steps 10

Anonymous memory (Linux's RssAnon) leaves out the store's pages, which the kernel takes back when it
needs them. Each precision runs in a process of its own, ten epochs of `--steps` batches of 64; the
bound is that of the second epoch: it must not grow from there on.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.utils import instantiate
from tabulate import tabulate

from benchmarks.sides import ROOT, compose
from reid_lightning.run.build import build_module
from reid_lightning.run.glibc_memory import keep_large_blocks

IDENTITIES, EPOCHS = 832, 10  # of the synthetic set: about 13,000 pictures


class Anonymous(pl.Callback):
    """MiB of anonymous memory after each epoch."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def on_train_epoch_end(self, *_: Any) -> None:
        """Read it."""
        lines = Path("/proc/self/status").read_text().splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("RssAnon"))
        self.told.append(int(kib) / 1024)


def measure(precision: str, folder: str, steps: int) -> list[float]:
    """MiB after each of ten epochs."""
    keep_large_blocks()
    more = [f"data.draw.train_identities={IDENTITIES}", f"trainer.precision={precision}"]
    config = compose(folder, 256, 128, "trainer.accelerator=cpu", *more)
    data, memory = instantiate(config.data), Anonymous()
    callbacks = [instantiate(config.callbacks[n]) for n in ("finite_loss", "epoch_means")]
    trainer = instantiate(
        config.trainer, logger=False, callbacks=[*callbacks, memory], enable_checkpointing=False,
        enable_progress_bar=False, limit_val_batches=0, limit_train_batches=steps,
        max_epochs=EPOCHS,
    )  # fmt: skip
    trainer.fit(build_module(config, data.num_classes), data)
    print(f"{len(data.folder.read()[1].train)} pictures", file=sys.stderr)
    return memory.told


def main() -> None:
    """Print a table, or one precision's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="of each epoch")
    parser.add_argument("--side", help="a precision: measure this one alone")
    parser.add_argument("--folder", default="", help="of the set and its store")
    options = parser.parse_args()
    if options.side:
        print(*measure(options.side, options.folder, options.steps))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for precision in ("32-true", "bf16-mixed"):
            side = ["--side", precision, "--folder", folder, "--steps", str(options.steps)]
            command = [sys.executable, "-m", "benchmarks.memory", *side]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            told = [float(mib) for mib in done.stdout.split()[-EPOCHS:]]
            rows.append([precision, *told, told[-1] / told[1]])
    epochs = [f"epoch {epoch + 1}" for epoch in range(EPOCHS)]
    print(tabulate(rows, ["MiB", *epochs, "last / second"], floatfmt=".0f"))
    print("last / second:", *(f"{row[-1]:.3f}" for row in rows))


if __name__ == "__main__":
    main()
