"""Training images per second, compared with the plain pipeline of peers and with a bound.

    python -m benchmarks.train_speed --rounds 3
    python -m benchmarks.train_speed --settings 32-true --against c90483b

MobileNetV2, batch-hard, Adam, batches of 64, `augmentation=standard`, on the CPU. Sides:

- plain: PIL decode, torchvision's transforms, a DataLoader with two workers, float32, contiguous
  layout, a loop without Lightning, and the environment unchanged;
- ours: the training of train.py, in float32 and in bf16-mixed, also with the C library's huge pages
  (GLIBC_TUNABLES=glibc.malloc.hugetlb=1);
- bare: the bound, our step alone on one batch in memory, in each of these settings;
- with `--against REV`, ours as it was at a commit, by that commit's own `benchmarks.train_speed`.

Each side runs in a process of its own; they alternate, and the tables have the medians over the
rounds.
"""

import argparse
import tempfile

import torch
from hydra.utils import instantiate
from tabulate import tabulate

from benchmarks.revisions import code_at, commit
from benchmarks.sides import SIZES, alternate, compose, speed
from benchmarks.train_sides import bare, ours, plain

STEPS = 12
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
SETTINGS = {
    "32-true": {}, "32-true, huge pages": HUGE_PAGES,
    "bf16-mixed": {}, "bf16-mixed, huge pages": HUGE_PAGES,
}  # fmt: skip
SIDES = {"plain": {}} | {
    f"{kind} {setting}": environment
    for setting, environment in SETTINGS.items()
    for kind in ("ours", "bare")
}


def measure(side: str, folder: str, height: int, width: int) -> float:
    """Images per second of one side."""
    kind, _, setting = side.partition(" ")
    precision = setting.split(",")[0] or "32-true"
    options = ["trainer.accelerator=cpu", f"trainer.precision={precision}"]
    config = compose(folder, height, width, *options)
    if kind == "ours":
        return ours(config, STEPS)
    return speed((plain if kind == "plain" else bare)(config), STEPS)


def main() -> None:
    """Print a table for each size, or the speed of one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--against", metavar="REV", type=commit, help="a commit to time, too")
    parser.add_argument("--side", choices=SIDES, help="measure only this side")
    parser.add_argument("--folder", default="", help="of the data set and its decoded pictures")
    parser.add_argument("--size", type=int, nargs=2, default=SIZES[0], help="height and width")
    options = parser.parse_args()
    if options.side:
        print(measure(options.side, options.folder, *options.size))
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batches of 64")
    sides = {
        side: environment
        for side, environment in SIDES.items()
        if side == "plain" or side.partition(" ")[2] in options.settings
    }
    with tempfile.TemporaryDirectory() as folder, code_at(options.against) as before:
        for height, width in SIZES:
            # Draw and decode before the measurements.
            instantiate(compose(folder, height, width).data).train_dataloader()
            arguments = ["--folder", folder, "--size", str(height), str(width)]
            speeds = alternate("benchmarks.train_speed", sides, arguments, options.rounds, before)
            rows = []
            for name in options.settings:
                mine = speeds[f"ours {name}"]
                row = [name, mine, mine / speeds["plain"], mine / speeds[f"bare {name}"]]
                rows.append([*row, mine / speeds[f"before {name}"]] if before else row)
            headers = ["ours", "images/s", "ratio to plain", "ratio to the bare step"]
            headers += [f"ratio to {options.against}"] if before else []
            print(f"\n{height} × {width}: plain {speeds['plain']:.1f} images/s")
            print(tabulate(rows, headers, floatfmt=".2f"))


if __name__ == "__main__":
    main()
