"""Ranking and whole evaluations at Market-1501's size, compared with sorting and the product.

    python -m benchmarks.evaluate_speed --rounds 5
    python -m benchmarks.evaluate_speed --large

Identities and cameras are the real ones, 3,368 queries against 15,913 pictures; the embeddings are
random, with 512 dimensions, and as similar within a person as those of a trained network. Both
sides of a line alternate, and the table has the medians over the rounds. fast-reid's ranking is
included if `fastreid` is installed and its extension is built (`make` in its folder
fastreid/evaluation/rank_cylib).
`--large` adds distractors up to 520,000 pictures and prints the memory used beyond the embeddings.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from benchmarks.evaluate_sides import embeddings, fast_reid, identities, plain
from benchmarks.process_memory import reset_peak, status_kib
from reid_lightning.data.readers.market1501 import GALLERY, QUERY
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import QueryResults, rank_queries
from reid_lightning.metrics.summary import scores

LARGE_GALLERY = 520_000  # pictures


def check_same_results(distances: Tensor, people: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Compare both rankings on float64 distances: in float32, sorting orders ties arbitrarily."""
    results = rank_queries(distances, *people)
    first, ap, inp = plain(*(x.numpy() for x in (distances, *people)))
    assert np.array_equal(results.first_match.numpy(), first)
    assert np.abs(results.ap.numpy() - ap).max() < 1e-9
    assert np.abs(results.inp.numpy() - inp).max() < 1e-9
    m_ap = float(scores(results)["mAP"])
    print(f"mAP {m_ap:.4f}; every query's AP is that of plain NumPy within 1e-9")


def medians(rounds: int, *sides: Callable[[], object]) -> list[float]:
    """The median seconds of each side over rounds in which they alternate, after one to warm up."""
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds + 1):
        for side, run in zip(times, sides, strict=True):
            started = time.perf_counter()
            run()
            side += [time.perf_counter() - started] if turn else []
    return [statistics.median(side) for side in times]


def compare(rounds: int) -> list[tuple[str, float, float, float]]:
    """A row for each pair of sides: name, milliseconds of both, and their ratio."""
    q, g = identities(QUERY), identities(GALLERY)
    people = (*q, *g)
    query, gallery = embeddings(q[0], 1), embeddings(g[0], 2)
    product = torch.empty(len(query), len(gallery))
    distances = 1 - query @ gallery.T
    arrays = [x.numpy() for x in (distances, *people)]
    check_same_results(1 - query.double() @ gallery.double().T, people)

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
        print("(without fast-reid's Cython ranking: it is not installed, or not built)")
    else:
        peer_arguments = [arrays[i] for i in (0, 1, 3, 2, 4)]
        peer_map = float(np.mean(cython(*peer_arguments, 50)[1]))  # it averages in float32
        assert abs(float(scores(ours())["mAP"]) - peer_map) < 1e-4
        pairs["ranking | fast-reid's Cython"] = (ours, lambda: cython(*peer_arguments, 50))
    rows = []
    for name, sides in pairs.items():
        mine, other = medians(rounds, *sides)
        rows.append((name, 1e3 * mine, 1e3 * other, other / mine))
    return rows


def large() -> tuple[float, float]:
    """Seconds for a gallery of 520,000, and peak memory beyond the embeddings in MiB."""
    q, g = identities(QUERY), identities(GALLERY)
    distractors = torch.zeros(LARGE_GALLERY - len(g[0]), dtype=torch.long)
    pids, camids = torch.cat([g[0], distractors]), torch.cat([g[1], distractors])
    query, gallery = embeddings(q[0], 1), embeddings(pids, 2)
    rank_embeddings(query[:8], gallery[:8], q[0][:8], q[1][:8], pids[:8], camids[:8])  # compiles
    reset_peak()
    before, started = status_kib("VmRSS"), time.perf_counter()
    rank_embeddings(query, gallery, *q, pids, camids)
    return time.perf_counter() - started, (status_kib("VmHWM") - before) / 1024


def main() -> None:
    """Print the table, or time and memory of a large gallery."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="520,000 pictures (Linux only)")
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
    matrix = 3368 * LARGE_GALLERY * 4 / 2**20
    print(
        f"3,368 queries × {LARGE_GALLERY:,} pictures: {seconds:.1f} s, {peak:.0f} MiB at the peak"
    )
    print(f"(beyond the embeddings; the distance matrix alone would be {matrix:.0f} MiB)")


if __name__ == "__main__":
    main()
