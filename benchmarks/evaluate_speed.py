"""Ranking and whole evaluations at Market-1501's size, beside sorting and the product, in one run.

    python -m benchmarks.evaluate_speed --rounds 5
    python -m benchmarks.evaluate_speed --large

Identities and cameras are the real ones, 3,368 queries against 15,913 pictures; the embeddings are
drawn, 512 numbers each, and a person's pictures resemble each other as a trained network's do. Both
sides of a line take turns, and medians over the rounds are told. fast-reid's ranking joins in
where `fastreid` is installed and its extension built (`make` in fastreid/evaluation/rank_cylib).
`--large` adds distractors up to 520,000 pictures and tells the memory taken beyond the embeddings.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from benchmarks.evaluate_sides import embeddings, fast_reid, identities, plain
from reid_lightning.data.readers.market1501 import GALLERY, QUERY
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import QueryResults, rank_queries, scores

LARGE = 520_000  # pictures


def agree(distances: Tensor, people: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Both rankings give the same, on float64 distances: sorting leaves float32 ties to chance."""
    results = rank_queries(distances, *people)
    first, ap, inp = plain(*(x.numpy() for x in (distances, *people)))
    assert np.array_equal(results.first_match.numpy(), first)
    assert np.abs(results.ap.numpy() - ap).max() < 1e-9
    assert np.abs(results.inp.numpy() - inp).max() < 1e-9
    print(f"mAP {float(scores(results)['mAP']):.4f}; each query's AP is plain NumPy's within 1e-9")


def medians(rounds: int, *sides: Callable[[], object]) -> list[float]:
    """Seconds of each side, over rounds in which all take a turn, the first of them to warm up."""
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds + 1):
        for side, run in zip(times, sides, strict=True):
            started = time.perf_counter()
            run()
            side += [time.perf_counter() - started] if turn else []
    return [statistics.median(side) for side in times]


def compare(rounds: int) -> list[tuple[str, float, float, float]]:
    """A row for each pair of sides."""
    q, g = identities(QUERY), identities(GALLERY)
    people = (*q, *g)
    query, gallery = embeddings(q[0], 1), embeddings(g[0], 2)
    product = torch.empty(len(query), len(gallery))
    distances = 1 - query @ gallery.T
    arrays = [x.numpy() for x in (distances, *people)]
    agree(1 - query.double() @ gallery.double().T, people)

    def ours() -> QueryResults:
        return rank_queries(distances, *people)

    def whole() -> QueryResults:
        return rank_embeddings(query, gallery, *people)

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "ranking | np.argsort alone": (ours, lambda: np.argsort(arrays[0], axis=1)),
        "ranking | plain NumPy": (ours, lambda: plain(*arrays)),
        "embeddings to scores | product alone": (
            lambda: scores(whole()),
            lambda: torch.mm(query, gallery.T, out=product),
        ),
    }
    cython = fast_reid()
    if cython is None:
        print("(fast-reid's Cython ranking is left out: it is not installed, or not built)")
    else:
        in_their_order = [arrays[i] for i in (0, 1, 3, 2, 4)]
        theirs = float(np.mean(cython(*in_their_order, 50)[1]))  # it averages in float32
        assert abs(float(scores(ours())["mAP"]) - theirs) < 1e-4
        pairs["ranking | fast-reid's Cython"] = (ours, lambda: cython(*in_their_order, 50))
    rows = []
    for name, sides in pairs.items():
        mine, other = medians(rounds, *sides)
        rows.append((name, 1e3 * mine, 1e3 * other, other / mine))
    return rows


def large() -> tuple[float, float]:
    """Seconds, and MiB at the peak beyond the embeddings, of a gallery of 520,000."""
    q, g = identities(QUERY), identities(GALLERY)
    strangers = torch.zeros(LARGE - len(g[0]), dtype=torch.long)
    pids, camids = torch.cat([g[0], strangers]), torch.cat([g[1], strangers])
    query, gallery = embeddings(q[0], 1), embeddings(pids, 2)
    rank_embeddings(query[:8], gallery[:8], q[0][:8], q[1][:8], pids[:8], camids[:8])  # loads once
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, started = _status("VmRSS"), time.perf_counter()
    rank_embeddings(query, gallery, *q, pids, camids)
    return time.perf_counter() - started, (_status("VmHWM") - before) / 1024


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(key)))


def main() -> None:
    """Print the table, or what a large gallery takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="520,000 pictures (Linux alone)")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, NumPy {np.__version__}, {torch.get_num_threads()} threads")
    if not arguments.large:
        headers = ["ours | other", "ours ms", "other ms", "other / ours"]
        rows = compare(arguments.rounds)
        print(tabulate(rows, headers, floatfmt=".2f"))
        _, whole, product, _ = rows[2]
        print(
            f"embeddings to scores take {whole / product:.2f} times as long as their product alone"
        )
        return
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak = pool.apply(large)
    matrix = 3368 * LARGE * 4 / 2**20
    print(f"3,368 queries × {LARGE:,} pictures: {seconds:.1f} s, {peak:.0f} MiB at the peak")
    print(f"(beyond the embeddings; the distance matrix alone would be {matrix:.0f} MiB)")


if __name__ == "__main__":
    main()
