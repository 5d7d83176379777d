"""The gallery grouped by pid, so that a query looks through its own pid's pictures alone (CPU)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


class Identities(NamedTuple):
    """Who is on the pictures, and by which camera: [queries] twice, [gallery] twice."""

    query_pids: Tensor
    query_camids: Tensor
    gallery_pids: Tensor
    gallery_camids: Tensor


class Groups(NamedTuple):
    """Places in the gallery: of each query's matches, of its pid, of junk; int64."""

    matches: Array  # query after query: those of query i are matches[start[i] : start[i + 1]]
    start: Array
    order: Array  # sorted by pid: those of query i's pid are order[first[i] : last[i]]
    first: Array
    last: Array
    junk: Array


def grouped(identities: Identities) -> Groups:
    """Group a gallery for its queries; a query that is junk itself has no matches."""
    query_pids, query_camids, gallery_pids, gallery_camids = (
        x.long().contiguous().numpy() for x in identities
    )
    order = gallery_pids.argsort(kind="stable")
    pids = gallery_pids[order]
    first = pids.searchsorted(query_pids)
    last = np.where(query_pids == -1, first, pids.searchsorted(query_pids, side="right"))
    counts = last - first
    queries = np.arange(len(counts)).repeat(counts)
    own = order[np.arange(len(queries)) + (last - counts.cumsum()).repeat(counts)]
    other_camera = gallery_camids[own] != query_camids[queries]
    start = queries[other_camera].searchsorted(np.arange(len(counts) + 1))
    junk = (gallery_pids == -1).nonzero()[0]
    return Groups(own[other_camera], start, order, first, last, junk)
