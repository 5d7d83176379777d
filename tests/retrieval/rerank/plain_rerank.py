"""k-reciprocal re-ranking in plain NumPy float64, set by set as it was published."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def normalised(distances: Array) -> Array:
    farthest = distances.max(axis=0)
    return (distances / np.where(farthest > 0, farthest, 1)).T


def reciprocal(ranks: NDArray[np.int64], i: int, k: int) -> list[int]:
    return [f for f in ranks[i, : k + 1] if i in ranks[f, : k + 1]]


def rerank(distances: Array, queries: int, k1: int, k2: int, weight: float) -> Array:
    original = normalised(distances)
    ranks = original.argsort(axis=1, kind="stable")
    total = len(original)
    weights = np.zeros((total, total))
    for i in range(total):
        core = reciprocal(ranks, i, k1)
        members = set(core)
        for candidate in core:
            near = reciprocal(ranks, candidate, int(np.around(k1 / 2)))
            if len(set(near) & set(core)) > 2 / 3 * len(near):
                members |= set(near)
        at = sorted(members)
        weights[i, at] = np.exp(-original[i, at]) / np.exp(-original[i, at]).sum()
    if k2 != 1:
        weights = np.stack([weights[ranks[i, :k2]].mean(axis=0) for i in range(total)])
    jaccard = np.empty((queries, total))
    for i in range(queries):
        overlap = np.minimum(weights[i], weights).sum(axis=1)
        jaccard[i] = 1 - overlap / (2 - overlap)
    return ((1 - weight) * jaccard + weight * original[:queries])[:, queries:]
