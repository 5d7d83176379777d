"""The nearest pictures of every picture, in one pass over the rows of distances."""

from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from reid_lightning.parallel import in_blocks
from reid_lightning.retrieval.rerank.rows import Rows, chunks


class Neighbours(NamedTuple):
    """Every picture's nearest pictures, and the scale of its distances.

    `order` is int32 [total, k], nearest first, of equally near ones the lower index first (a
    stable argsort's order). `scale` is float32 [total], on the rows' device: the largest distance
    of each picture, 1 where none is above 0 (a collapsed network).
    """

    order: NDArray[np.int32]
    scale: Tensor


def nearest(rows: Rows, total: int, k: int) -> Neighbours:
    """The `k` nearest of each of `total` pictures, itself among them as far as distances say."""
    order, largest = [], []
    for start, stop in chunks(total, total):
        distances = rows(start, stop)
        order.append(_on_cpu(distances, k) if distances.is_cpu else _on_device(distances, k))
        largest.append(distances.amax(1))
    scale = torch.cat(largest)
    return Neighbours(np.concatenate(order), scale.masked_fill(scale <= 0, 1))


def _on_cpu(distances: Tensor, k: int) -> NDArray[np.int32]:
    values = distances.contiguous().numpy()
    order = np.empty((len(values), k), np.int32)
    in_blocks(lambda start, stop: _select(values, order, start, stop), len(values))
    return order


def _on_device(distances: Tensor, k: int) -> NDArray[np.int32]:
    # topk is not stable, so the column goes below the distance's bits in one integer.
    bits = (distances + 0).view(torch.int32)  # -0 becomes 0
    bits = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)  # negative floats count downwards
    columns = torch.arange(distances.shape[1], device=distances.device)
    order = ((bits.long() << 32) | columns).topk(k, largest=False).indices
    narrow: NDArray[np.int32] = order.int().cpu().numpy()
    return narrow


@njit(nogil=True, cache=True)
def _select(values: NDArray[np.float32], order: NDArray[np.int32], start: int, stop: int) -> None:
    """Write the columns of the smallest values of rows `start` to `stop` into `order`."""
    k = order.shape[1]
    smallest = np.empty(k, np.float32)
    for i in range(start, stop):
        for j in range(values.shape[1]):
            value = values[i, j]
            if j >= k and value >= smallest[k - 1]:
                continue
            place = min(j, k - 1)
            while place > 0 and smallest[place - 1] > value:
                smallest[place] = smallest[place - 1]
                order[i, place] = order[i, place - 1]
                place -= 1
            smallest[place] = value
            order[i, place] = j
