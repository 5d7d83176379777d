"""Anonymous memory of training at 256×128 with 13,000 decoded pictures, epoch by epoch.

    python -m benchmarks.memory --steps 10

Anonymous memory (Linux's RssAnon) excludes the pages of the decoded pictures, which the kernel can
reclaim. Each precision runs in a process of its own, ten epochs of `--steps` batches of 64; memory
must not grow after the second epoch.
"""

import argparse
import subprocess
import sys
import tempfile
from typing import Any

import pytorch_lightning as pl
from hydra.utils import instantiate
from tabulate import tabulate

from benchmarks.process_memory import status_kib
from benchmarks.sides import ROOT, compose
from reid_lightning.run.build import build_module
from reid_lightning.run.glibc_memory import keep_large_blocks

IDENTITIES, EPOCHS = 832, 10  # of the synthetic set: about 13,000 pictures


class AnonymousMemory(pl.Callback):
    """Records the anonymous memory after each epoch in MiB."""

    def __init__(self) -> None:
        self.mib: list[float] = []

    def on_train_epoch_end(self, *_: Any) -> None:
        """Read the kernel's figure."""
        self.mib.append(status_kib("RssAnon") / 1024)


def measure(precision: str, folder: str, steps: int) -> list[float]:
    """MiB after each of ten epochs."""
    keep_large_blocks()
    options = [f"data.draw.train_identities={IDENTITIES}", f"trainer.precision={precision}"]
    config = compose(folder, 256, 128, "trainer.accelerator=cpu", *options)
    data, memory = instantiate(config.data), AnonymousMemory()
    callbacks = [instantiate(config.callbacks[n]) for n in ("finite_loss", "epoch_means")]
    trainer = instantiate(
        config.trainer, logger=False, callbacks=[*callbacks, memory], enable_checkpointing=False,
        enable_progress_bar=False, limit_val_batches=0, limit_train_batches=steps,
        max_epochs=EPOCHS,
    )  # fmt: skip
    trainer.fit(build_module(config, data.num_classes), data)
    print(f"{len(data.folder.used.train)} pictures", file=sys.stderr)
    return memory.mib


def main() -> None:
    """Print a table, or the figures of one precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="per epoch")
    parser.add_argument("--side", help="measure only this precision")
    parser.add_argument("--folder", default="", help="of the data set and its decoded pictures")
    options = parser.parse_args()
    if options.side:
        print(*measure(options.side, options.folder, options.steps))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for precision in ("32-true", "bf16-mixed"):
            side = ["--side", precision, "--folder", folder, "--steps", str(options.steps)]
            command = [sys.executable, "-m", "benchmarks.memory", *side]
            completed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            epochs_mib = [float(mib) for mib in completed.stdout.split()[-EPOCHS:]]
            rows.append([precision, *epochs_mib, epochs_mib[-1] / epochs_mib[1]])
    epochs = [f"epoch {epoch + 1}" for epoch in range(EPOCHS)]
    print(tabulate(rows, ["MiB", *epochs, "last / second"], floatfmt=".0f"))
    print("last / second:", *(f"{row[-1]:.3f}" for row in rows))


if __name__ == "__main__":
    main()
