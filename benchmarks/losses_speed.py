"""Forward + backward of every loss, compared with pytorch-metric-learning's counterpart.

    python -m benchmarks.losses_speed

Each figure is the median over several rounds in which both sides alternate, on embeddings of 512
dimensions with K = 4 pictures per identity. A ratio above 1 says how many times faster ours is; if
the library has no counterpart, only our time is printed. Then the peak memory of batch-all, each
side in a process of its own (Linux only).
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from tabulate import tabulate
from torch import Tensor

from benchmarks.process_memory import can_reset_peak, reset_peak, status_kib
from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.triplet import TripletLoss

SIZES, DIMENSIONS, K, ROUNDS = (64, 256, 1024), 512, 4, 7
PLAIN = LpDistance(normalize_embeddings=False)
Loss = Callable[[Tensor, Tensor], Tensor]


def ours(loss: torch.nn.Module) -> Loss:
    """One of our losses as a function of embeddings and labels."""
    return lambda x, labels: loss(x, labels).loss


def theirs(loss: torch.nn.Module, miner: torch.nn.Module | None = None) -> Loss:
    """One of the library's losses behind one of its miners."""
    return lambda x, labels: loss(x, labels, miner(x, labels) if miner else None)


def theirs_random(x: Tensor, labels: Tensor) -> Tensor:
    """One random triplet per anchor, sampled by the library."""
    return TripletMarginLoss(0.3, distance=PLAIN, reducer=MeanReducer(), triplets_per_anchor=1)(
        x, labels
    )


MEAN = TripletMarginLoss(0.3, distance=PLAIN, reducer=MeanReducer())
NONZERO = TripletMarginLoss(0.3, distance=PLAIN, reducer=AvgNonZeroReducer())
PAIRS: dict[str, tuple[Loss, Loss | None]] = {
    "triplet": (ours(TripletLoss("random", 0.3, normalize=False)), theirs_random),
    "hard": (
        ours(TripletLoss("hard", 0.3, normalize=False)),
        theirs(MEAN, BatchHardMiner(distance=PLAIN)),
    ),
    "semihard": (
        ours(TripletLoss("semihard", 0.3, normalize=False)),
        theirs(MEAN, TripletMarginMiner(0.3, type_of_triplets="semihard", distance=PLAIN)),
    ),
    "batch_all (all)": (ours(BatchAllLoss("all", 0.3, normalize=False)), theirs(MEAN)),
    "batch_all (nonzero)": (ours(BatchAllLoss("nonzero", 0.3, normalize=False)), theirs(NONZERO)),
    "quadruplet (random)": (ours(QuadrupletLoss("random", 0.3, 0.15, normalize=False)), None),
    "quadruplet (hard)": (ours(QuadrupletLoss("hard", 0.3, 0.15, normalize=False)), None),
}


def batch(size: int) -> tuple[Tensor, Tensor]:
    """Embeddings whose identities overlap a little, as in the middle of a training, and labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size // K).repeat_interleave(K)
    centers = torch.randn(size // K, DIMENSIONS, generator=generator)
    noise = torch.randn(size, DIMENSIONS, generator=generator)
    return torch.nn.functional.normalize(centers[labels] + noise), labels


def seconds(loss: Loss, x: Tensor, labels: Tensor) -> float:
    """The time of one forward and backward."""
    x = x.clone().requires_grad_()
    started = time.perf_counter()
    loss(x, labels).backward()
    return time.perf_counter() - started


def compare(size: int) -> list[list[object]]:
    """A row for every loss at one batch size."""
    x, labels = batch(size)
    rows: list[list[object]] = []
    for name, pair in PAIRS.items():
        times: list[list[float]] = [[], []]
        for turn in range(ROUNDS + 1):
            for side, loss in enumerate(pair):
                if loss is not None:
                    duration = seconds(loss, x, labels)
                    times[side] += [duration] if turn else []  # the first turn warms up
        mine = statistics.median(times[0])
        peer = statistics.median(times[1]) if times[1] else None
        rows.append([name, size, 1e3 * mine, peer and 1e3 * peer, peer and peer / mine])
    return rows


def peak_mib(name: str, side: int, size: int) -> float:
    """Memory in MiB that one forward and backward adds at its peak, in this process."""
    loss = PAIRS[name][side]
    assert loss is not None
    seconds(loss, *batch(64))  # one-time imports and allocations
    x, labels = batch(size)
    reset_peak()
    before = status_kib("VmRSS")
    seconds(loss, x, labels)
    return (status_kib("VmHWM") - before) / 1024


def main() -> None:
    """Print both tables."""
    rows = [row for size in SIZES for row in compare(size)]
    headers = ["loss", "batch", "ours ms", "library ms", "ratio"]
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {DIMENSIONS} dimensions")
    print(tabulate(rows, headers, floatfmt=".2f", missingval="-"))
    if not can_reset_peak():
        return
    size = SIZES[-1]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        peaks = pool.starmap(peak_mib, [("batch_all (all)", side, size) for side in (0, 1)], 1)
    cube = size**3 * 4 / 2**20
    print(
        f"peak memory of batch_all at {size}: ours {peaks[0]:.0f} MiB, library {peaks[1]:.0f} MiB"
    )
    print(
        f"(the distance matrix alone: {size**2 * 4 / 2**20:.0f} MiB; all triplets: {cube:.0f} MiB)"
    )


if __name__ == "__main__":
    main()
