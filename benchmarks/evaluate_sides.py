"""Parts of the benchmark of evaluation: real identities, random embeddings, peers' rankings."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from benchmarks.sides import market1501_names
from reid_lightning.data.readers.market1501 import parse_name

Array = NDArray[Any]
DIMENSIONS, NOISE = 512, 2.1


def identities(folder: str) -> tuple[Tensor, Tensor]:
    """Pids and camids of one of Market-1501's folders, without junk."""
    samples = [parse_name(path) for path in market1501_names() if path.parts[0] == folder]
    numbers = [(sample.pid, sample.camid) for sample in samples if sample.role != "junk"]
    pids, camids = torch.tensor(numbers).T.contiguous()
    return pids, camids


def embeddings(pids: Tensor, seed: int) -> Tensor:
    """Unit rows [n, 512]; pictures of a person share a direction, distractors have none."""
    centers = torch.randn(1600, DIMENSIONS, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(len(pids), DIMENSIONS, generator=torch.Generator().manual_seed(seed))
    noise *= NOISE
    people = pids > 0
    noise[people] += centers[pids[people]]
    return F.normalize(noise, out=noise)


def plain(
    distances: Array, q_pids: Array, q_camids: Array, g_pids: Array, g_camids: Array
) -> tuple[Array, Array, Array]:
    """First match, AP and INP of each query, computed as peers do: sort, drop, accumulate."""
    order = np.argsort(distances, axis=1)
    results = []
    for row, pid, camid in zip(order, q_pids, q_camids, strict=True):
        keep = (g_pids[row] != pid) | (g_camids[row] != camid)
        hits = (g_pids[row] == pid)[keep].astype(np.int64)
        precision = hits.cumsum() / np.arange(1, len(hits) + 1)
        ranks = hits.nonzero()[0] + 1
        results.append((ranks[0], (precision * hits).sum() / hits.sum(), hits.sum() / ranks[-1]))
    first, ap, inp = map(np.array, zip(*results, strict=True))
    return first, ap, inp


def fast_reid() -> Callable[..., Any] | None:
    """fast-reid's ranking in Cython; None if it is not installed."""
    try:
        module = importlib.import_module("fastreid.evaluation.rank_cylib.rank_cy")
    except ImportError:
        return None
    function: Callable[..., Any] = module.evaluate_cy
    return function
