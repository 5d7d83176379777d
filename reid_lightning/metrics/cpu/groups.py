"""The gallery grouped by pid, so that a query reads the pictures of its own pid alone (CPU)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_lightning.metrics.identities import Identities

Array = NDArray[Any]


class Groups(NamedTuple):
    """Indices of gallery pictures, int64: each query's matches, each query's pid, and junk."""

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
    # One entry for every pair of a query and a gallery picture of its pid.
    queries = np.arange(len(counts)).repeat(counts)
    same_pid = order[np.arange(len(queries)) + (last - counts.cumsum()).repeat(counts)]
    other_camera = gallery_camids[same_pid] != query_camids[queries]
    start = queries[other_camera].searchsorted(np.arange(len(counts) + 1))
    junk = (gallery_pids == -1).nonzero()[0]
    return Groups(same_pid[other_camera], start, order, first, last, junk)
