"""Re-ranking compared with the published code in NumPy, then ours alone at Market-1501's size.

    python -m benchmarks.rerank_speed

Both sides start with the same embeddings, like those of a well-trained network on Market-1501,
and end with the distances of the queries to the gallery. The published form follows the authors'
Python code: float32, an argsort and dense matrices of all pictures by all. Ours is compiled on a
few pictures before the clock starts. The small size fits into one chunk of rows, so ours computes
the distances once; at the large size it computes them twice, since it never holds them all.

Each time is the median of rounds in which both sides alternate; a ratio above 1 says how many
times faster ours is. Memory is the peak that ours adds to the embeddings, in a process of its own
(Linux only).
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from tabulate import tabulate
from torch import Tensor

from benchmarks.process_memory import reset_peak, status_kib
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.rerank.rows import squared_rows

DIMENSIONS, ROUNDS = 512, 5
SMALL, MARKET = (800, 4_000), (3_368, 19_281)  # queries, pictures
Ranks = NDArray[np.int32]


def embeddings(total: int) -> Tensor:
    """Unit rows, about 24 pictures per identity; their ranking has an mAP of 0.75 (large: 0.51)."""
    generator = torch.Generator().manual_seed(0)
    pids = torch.randint(max(1, total // 24), (total,), generator=generator)
    centers = torch.randn(int(pids.max()) + 1, 24, generator=generator)
    x = centers[pids] + 0.8 * torch.randn(total, 24, generator=generator)
    return torch.nn.functional.normalize(x @ torch.randn(24, DIMENSIONS, generator=generator))


def ours(x: Tensor, queries: int) -> Tensor:
    """Our distances [queries, gallery], all chunks joined."""
    return torch.cat(list(Rerank()(squared_rows(x), queries, len(x))))


def reciprocal(ranks: Ranks, i: int, k: int) -> Ranks:
    """Those of the `k` nearest of `i` that have `i` among their own `k` nearest."""
    forward = ranks[i, : k + 1]
    return forward[np.where(ranks[forward, : k + 1] == i)[0]]


def published(x: Tensor, queries: int) -> Tensor:
    """The authors' distances [queries, gallery], with their defaults."""
    k1, k2, weight, total = 20, 6, 0.3, len(x)
    original = squared_rows(x)(0, total).numpy()
    original = np.transpose(original / original.max(axis=0))
    ranks = np.argsort(original).astype(np.int32)
    v = np.zeros_like(original)
    for i in range(total):
        core = expanded = reciprocal(ranks, i, k1)
        for candidate in core:
            near = reciprocal(ranks, candidate, int(np.around(k1 / 2)))
            if len(np.intersect1d(near, core)) > 2 / 3 * len(near):
                expanded = np.append(expanded, near)
        expanded = np.unique(expanded)
        weights = np.exp(-original[i, expanded])
        v[i, expanded] = weights / weights.sum()
    v = np.stack([v[ranks[i, :k2]].mean(axis=0) for i in range(total)])
    inverted = [np.where(v[:, j] != 0)[0] for j in range(total)]
    jaccard = np.empty((queries, total), np.float32)
    for i in range(queries):
        minima = np.zeros(total, np.float32)
        for j in np.where(v[i] != 0)[0]:
            minima[inverted[j]] += np.minimum(v[i, j], v[inverted[j], j])
        jaccard[i] = 1 - minima / (2 - minima)
    return torch.from_numpy((1 - weight) * jaccard + weight * original[:queries])[:, queries:]


def seconds(side: Callable[[Tensor, int], Tensor], x: Tensor, queries: int) -> float:
    """The time of one re-ranking."""
    started = time.perf_counter()
    side(x, queries)
    return time.perf_counter() - started


def alone(queries: int, total: int) -> tuple[float, float]:
    """Seconds and peak MiB of ours in this process; chunks are discarded."""
    ours(embeddings(100), 10)  # compiles
    x = embeddings(total)
    reset_peak()
    before, started = status_kib("VmRSS"), time.perf_counter()
    for _ in Rerank()(squared_rows(x), queries, total):
        pass
    return time.perf_counter() - started, (status_kib("VmHWM") - before) / 1024


def main() -> None:
    """Print both sides at the small size, then ours at the large one."""
    ours(embeddings(100), 10)  # compiles
    queries, total = SMALL
    x = embeddings(total)
    difference = float((ours(x, queries) - published(x, queries)).abs().max())
    rounds = [[seconds(side, x, queries) for side in (ours, published)] for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        large, peak = pool.apply(alone, MARKET)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {DIMENSIONS} dimensions")
    headers = ["queries", "pictures", "ours s", "published s", "ratio", "largest difference", "MiB"]
    rows = [[*SMALL, mine, theirs, theirs / mine, f"{difference:.1e}", None]]
    rows += [[*MARKET, large, None, None, None, peak]]
    formats = ("", "", ".2f", ".2f", ".1f", "", ".0f")
    print(tabulate(rows, headers, floatfmt=formats, missingval="-"))


if __name__ == "__main__":
    main()
