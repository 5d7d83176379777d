"""Pairwise distances: the one file that losses, metrics and retrieval share."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Distance = Literal["euclidean", "squared", "cosine"]


def normalized(x: Tensor) -> Tensor:
    """The rows of `x` [n, d] at unit norm, in float32 at least; a zero row stays zero."""
    return F.normalize(x.to(torch.promote_types(x.dtype, torch.float32)))


def pairwise_distance(x: Tensor, y: Tensor | None = None, kind: Distance = "euclidean") -> Tensor:
    """Distances between the rows of `x` [n, d] and `y` [m, d] (or `x` itself): [n, m].

    Computed outside autocast and with float64 inside the matrix product, because its float32 form
    is off by 1e-3 on near-duplicates. Half precision is raised to float32, float64 stays. The
    gradient at distance zero is zero.

    Args:
        kind: `euclidean` |x - y|, `squared` |x - y|², or `cosine` 1 - cos(x, y).
    """
    with torch.autocast(x.device.type, enabled=False):
        result = torch.promote_types(x.dtype, torch.float32)
        exact = result if x.device.type == "mps" else torch.float64  # mps has no float64
        x = x.to(exact)
        y = x if y is None else y.to(exact)
        if kind == "cosine":
            return (1 - F.normalize(x) @ F.normalize(y).T).to(result)
        products = x @ y.T
        squared = (x.square().sum(1)[:, None] + y.square().sum(1) - 2 * products).clamp(min=0)
        if kind == "squared":
            return squared.to(result)
        # sqrt's gradient at 0 is infinite: give those entries one they do not reach.
        zero = squared == 0
        return squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0).to(result)


def ranking_distance(query: Tensor, gallery: Tensor, kind: Distance = "cosine") -> Tensor:
    """Distances to rank by, [q, d] and [g, d] → [q, g], in one matrix product.

    Gives the order of `pairwise_distance`, not its values: a query's own norm is left out, and
    the Euclidean distance stays squared. Rows must be of unit norm already for `cosine`. The
    product is in float64 and rounded to the inputs' type, so that equal pictures are equally far
    wherever they stand in the matrix: float32 kernels differ at its edges.
    """
    with torch.autocast(query.device.type, enabled=False):
        x, y = query.double(), gallery.double()
        products = x @ y.T
        distances = -products if kind == "cosine" else y.square().sum(1) - 2 * products
        return distances.to(query.dtype)
