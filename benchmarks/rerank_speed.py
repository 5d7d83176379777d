"""Re-ranking beside the published form in NumPy, then ours alone at Market-1501's size.

    python -m benchmarks.rerank_speed

Both sides start at the same embeddings, as of a network trained fairly well on Market-1501,
and end at the distances of the queries to the gallery. The published form is that of the authors'
Python code: float32, an argsort and dense matrices of all pictures by all. Ours is compiled before
the clock starts, on a few pictures. The small size is one chunk of rows to it, so it computes the
distances once; at the large size it computes them twice, for it never holds them all.

Each time is the median of rounds in which both sides take turns; a ratio above 1 says how many
times faster ours is. Memory is what ours adds at its peak beyond the embeddings, in a process of
its own (Linux alone).
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tabulate import tabulate
from torch import Tensor

from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.rerank.rows import squared_rows

DIMENSIONS, ROUNDS = 512, 5
SMALL, MARKET = (800, 4_000), (3_368, 19_281)  # queries, pictures
Ranks = NDArray[np.int32]


def embeddings(total: int) -> Tensor:
    """Unit rows, some 24 pictures an identity, whose ranking has an mAP of 0.75 (large: 0.51)."""
    generator = torch.Generator().manual_seed(0)
    pids = torch.randint(max(1, total // 24), (total,), generator=generator)
    centers = torch.randn(int(pids.max()) + 1, 24, generator=generator)
    x = centers[pids] + 0.8 * torch.randn(total, 24, generator=generator)
    return torch.nn.functional.normalize(x @ torch.randn(24, DIMENSIONS, generator=generator))


def ours(x: Tensor, queries: int) -> Tensor:
    """All chunks, joined."""
    return torch.cat(list(Rerank()(squared_rows(x), queries, len(x))))


def reciprocal(ranks: Ranks, i: int, k: int) -> Ranks:
    """Those of the nearest of `i` that have it among theirs."""
    forward = ranks[i, : k + 1]
    return forward[np.where(ranks[forward, : k + 1] == i)[0]]


def published(x: Tensor, queries: int) -> Tensor:
    """The authors' steps, with their defaults."""
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
    """One re-ranking."""
    started = time.perf_counter()
    side(x, queries)
    return time.perf_counter() - started


def alone(queries: int, total: int) -> tuple[float, float]:
    """Seconds of ours, and MiB it adds at its peak, in this process; chunks are let go."""
    ours(embeddings(100), 10)  # compiles
    x = embeddings(total)
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")  # the peak starts anew
    before, started = _status("VmRSS"), time.perf_counter()
    for _ in Rerank()(squared_rows(x), queries, total):
        pass
    return time.perf_counter() - started, (_status("VmHWM") - before) / 1024


def _status(key: str) -> float:
    file = Path("/proc/self/status")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((float(line.split()[1]) for line in lines if line.startswith(key)), np.nan)


def main() -> None:
    """Print both sides at the small size, then ours at the large one."""
    ours(embeddings(100), 10)  # compiles
    queries, total = SMALL
    x = embeddings(total)
    apart = float((ours(x, queries) - published(x, queries)).abs().max())
    turns = [[seconds(side, x, queries) for side in (ours, published)] for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(times) for times in zip(*turns, strict=True))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        large, peak = pool.apply(alone, MARKET)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {DIMENSIONS} numbers")
    headers = ["queries", "pictures", "ours s", "published s", "ratio", "largest difference", "MiB"]
    rows = [[*SMALL, mine, theirs, theirs / mine, f"{apart:.1e}", None]]
    rows += [[*MARKET, large, None, None, None, peak]]
    formats = ("", "", ".2f", ".2f", ".1f", "", ".0f")
    print(tabulate(rows, headers, floatfmt=formats, missingval="-"))


if __name__ == "__main__":
    main()
