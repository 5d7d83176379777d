"""Searching a large gallery: load, one query, a hundred, and faiss' lists beside the exact search.

    python -m benchmarks.search_speed --pictures 200000

Embeddings are noise around 5,000 people, and queries are pictures of the gallery with noise. The
bound is one pass over the gallery's bytes, summed: no exact search can read less.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from benchmarks.process_memory import reset_peak, status_kib
from reid_lightning.data.pictures import Picture
from reid_lightning.inference.approximate import approximate_nearest
from reid_lightning.inference.embedding_parquet import read_table, write_table
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.nearest import nearest
from reid_lightning.inference.picture_list import ListedPicture

PEOPLE, QUERIES, K = 5_000, 100, 10


def write_gallery(path: Path, pictures: int, size: int) -> None:
    """Write a gallery of `pictures` embeddings of `size` numbers."""
    random = np.random.default_rng(0)
    people = random.standard_normal((PEOPLE, size), dtype=np.float32)
    rows = people[random.integers(PEOPLE, size=pictures)]
    rows += 0.8 * random.standard_normal(rows.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    listed = [ListedPicture(Picture(Path(f"/pictures/{n:07d}.jpg"))) for n in range(pictures)]
    made_by = MadeBy("noise", 256, 128, False, "float32")
    write_table(EmbeddingTable(listed, [FileVersion(1, 1)] * pictures, rows, made_by), path)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of some repeats."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print a table of times, and the memory that a search took at most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=200_000)
    parser.add_argument("--size", type=int, default=1280, help="numbers of an embedding")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.parquet"
        write_gallery(path, options.pictures, options.size)
        print(f"{options.pictures:,} × {options.size}, {path.stat().st_size / 2**30:.2f} GiB")
        reset_peak()
        started = time.perf_counter()
        gallery = torch.from_numpy(read_table(path).embeddings)
        rows = [["load the gallery", time.perf_counter() - started]]
    queries = gallery[:: max(1, len(gallery) // QUERIES)][:QUERIES].clone()
    queries += 0.02 * torch.randn(queries.shape, generator=torch.Generator().manual_seed(0))
    queries /= queries.norm(dim=1, keepdim=True)
    rows.append(["one pass over the gallery (bound)", seconds(gallery.sum)])
    rows.append(["one query, exact", seconds(lambda: nearest(queries[:1], gallery, K))])
    rows.append([f"{len(queries)} queries, exact", seconds(lambda: nearest(queries, gallery, K))])
    exact_peak = _peak()
    near = approximate_nearest(queries, gallery, K)
    rows.append(["build the lists of faiss", near.build_seconds])
    rows.append([f"{len(queries)} queries, faiss", near.search_seconds])
    print(tabulate(rows, ["", "seconds"], floatfmt=".3f"))
    print(f"recall@{K} of faiss {near.recall:.1%}; {torch.get_num_threads()} threads")
    print(f"memory at most {exact_peak:.1f} GiB for exact search, {_peak():.1f} GiB with faiss")


def _peak() -> float:
    return status_kib("VmHWM") / 2**20


if __name__ == "__main__":
    main()
