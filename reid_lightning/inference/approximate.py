"""The gallery pictures nearest to each query, nearly: with faiss, for galleries of millions."""

import math
import time
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.inference.nearest import Nearest, nearest
from reid_lightning.parallel import chunks

_SEEDS_PER_LIST = 50  # pictures that k-means sees for each of its lists
_LISTS_SEARCHED = 32
_CHECKED = 100  # queries whose exact results are computed


class ApproximateNearest(NamedTuple):
    """What was found, the share of the exact results that is in it, and the seconds it took."""

    found: Nearest
    recall: float
    build_seconds: float
    search_seconds: float


def approximate_nearest(query: Tensor, gallery: Tensor, k: int) -> ApproximateNearest:
    """The `k` nearest of the pictures in the lists nearest to each query (IVF; Jégou et al. 2011).

    Args:
        query, gallery: as of `nearest`.
        k: at most as many as there are.
    """
    import faiss  # an extra

    started = time.perf_counter()
    count, size = gallery.shape
    lists = max(1, min(round(4 * math.sqrt(count)), count // _SEEDS_PER_LIST))
    index = faiss.index_factory(size, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    generator = torch.Generator().manual_seed(0)
    seeds = torch.randperm(count, generator=generator)[: _SEEDS_PER_LIST * lists]
    index.train(gallery[seeds].float().numpy())
    for block in chunks(count, torch.float32.itemsize * size):
        index.add(gallery[block].float().numpy())
    faiss.extract_index_ivf(index).nprobe = min(_LISTS_SEARCHED, lists)
    built = time.perf_counter()
    similarities, indices = index.search(query.numpy(), min(k, count))
    searched = time.perf_counter()
    found = Nearest(torch.from_numpy(indices), torch.from_numpy(similarities).double())
    checked = torch.linspace(0, len(query) - 1, min(_CHECKED, len(query))).round().long()
    exact = nearest(query[checked], gallery, k).indices
    hits = (found.indices[checked][:, :, None] == exact[:, None, :]).any(1)
    return ApproximateNearest(found, float(hits.double().mean()), built - started, searched - built)
