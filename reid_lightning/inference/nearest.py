"""The gallery pictures nearest to each query: exact, in bounded memory."""

from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.parallel import chunks

_MARGIN = 64  # candidates beyond those asked for, whose products are computed exactly
_FLOAT32_ERROR = 2.0**-23


class Nearest(NamedTuple):
    """Indices of gallery pictures, nearest first, and their cosine similarities: both [q, k]."""

    indices: Tensor
    similarities: Tensor


def nearest(query: Tensor, gallery: Tensor, k: int) -> Nearest:
    """The `k` gallery pictures of the largest scalar products with each query.

    Found by products in float32, and sorted by products in float64: of those whose order float32
    cannot tell, all are computed in float64. Equal ones are in the gallery's order.

    Args:
        query: float32 [q, d], rows of unit norm.
        gallery: float32 or float16 [n, d], rows of unit norm.
        k: all, if there are fewer.
    """
    count = min(k, len(gallery))
    indices = torch.empty(len(query), count, dtype=torch.long)
    similarities = torch.empty(len(query), count, dtype=torch.float64)
    for rows in chunks(len(query), torch.float32.itemsize * len(gallery)):
        products = _products(query[rows], gallery)
        some = min(count + _MARGIN, len(gallery))
        rough, candidates = products.topk(some, dim=1)
        # A product of unit rows is off by d rounding errors at most, on either side.
        unsure = 2 * query.shape[1] * _FLOAT32_ERROR
        for row, index in enumerate(range(rows.start, rows.stop)):
            near = candidates[row]
            if some < len(gallery) and rough[row, count - 1] - rough[row, -1] <= unsure:
                near = (products[row] >= rough[row, count - 1] - unsure).nonzero().flatten()
            near = near.sort().values
            exact = _exact_products(query[index], gallery, near)
            order = exact.argsort(descending=True, stable=True)[:count]
            indices[index], similarities[index] = near[order], exact[order]
    return Nearest(indices, similarities)


def _exact_products(query: Tensor, gallery: Tensor, near: Tensor) -> Tensor:
    """The scalar products [near] in float64; near may be all of the gallery, a block at a time."""
    blocks = chunks(len(near), torch.float64.itemsize * gallery.shape[1])
    return torch.cat([gallery[near[block]].double() @ query.double() for block in blocks])


def _products(query: Tensor, gallery: Tensor) -> Tensor:
    """The scalar products [q, n] in float32; float16 is converted a block at a time."""
    if gallery.dtype == torch.float32:
        return query @ gallery.T
    products = torch.empty(len(query), len(gallery))
    for block in chunks(len(gallery), torch.float32.itemsize * gallery.shape[1]):
        products[:, block] = query @ gallery[block].float().T
    return products
