"""The nearest pictures of every picture, in one pass over the rows of distances."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_lightning.compiled import compiled
from reid_lightning.distances import all_finite
from reid_lightning.errors import ReIDError
from reid_lightning.parallel import chunks, in_blocks
from reid_lightning.retrieval.rerank.rows import DistanceRows


class Neighbours(NamedTuple):
    """Every picture's nearest pictures, and the scale of its distances.

    `order` is int32 [total, k], nearest first, and among equally near pictures the lower index
    first (a stable argsort's order). `scale` is float32 [total], on the device of the distances:
    each picture's largest distance, or 1 where none is above 0 (a collapsed network).
    """

    order: NDArray[np.int32]
    scale: Tensor


def nearest(rows: DistanceRows, total: int, k: int) -> Neighbours:
    """The `k` nearest of each of `total` pictures; a picture itself has no special treatment.

    Raises:
        ReIDError: a distance is not finite.
    """
    order, largest = [], []
    for chunk in chunks(total, torch.float32.itemsize * total):
        distances = rows(chunk.start, chunk.stop)
        order.append(_on_cpu(distances, k) if distances.is_cpu else _on_device(distances, k))
        largest.append(distances.amax(1))
    scale = torch.cat(largest)
    if not all_finite(scale):  # the largest of a row is NaN where any is
        raise ReIDError("A distance to re-rank by is not finite: check the embeddings.")
    return Neighbours(np.concatenate(order), scale.masked_fill(scale <= 0, 1))


def _on_cpu(distances: Tensor, k: int) -> NDArray[np.int32]:
    values = distances.contiguous().numpy()
    order = np.empty((len(values), k), np.int32)
    in_blocks(lambda start, stop: _select(values, order, start, stop), len(values))
    return order


def _on_device(distances: Tensor, k: int) -> NDArray[np.int32]:
    # topk is not stable, so the column is put below the bits of the distance in one integer.
    bits = (distances + 0).view(torch.int32)  # -0 becomes 0
    bits = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)  # negative floats count downwards
    columns = torch.arange(distances.shape[1], device=distances.device)
    order = ((bits.long() << 32) | columns).topk(k, largest=False).indices
    narrow: NDArray[np.int32] = order.int().cpu().numpy()
    return narrow


@compiled
def _select(values: NDArray[np.float32], order: NDArray[np.int32], start: int, stop: int) -> None:
    """Write the columns of the smallest values of rows `start` to `stop` into `order`."""
    k = order.shape[1]
    smallest = np.empty(k, np.float32)
    for i in range(start, stop):
        for j in range(values.shape[1]):
            value = values[i, j]
            if j >= k and value >= smallest[k - 1]:
                continue
            slot = min(j, k - 1)
            while slot > 0 and smallest[slot - 1] > value:
                smallest[slot] = smallest[slot - 1]
                order[i, slot] = order[i, slot - 1]
                slot -= 1
            smallest[slot] = value
            order[i, slot] = j
