"""Distances between embeddings: the one file that losses, metrics and retrieval share."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

Distance = Literal["euclidean", "squared", "cosine"]


def at_least_float32(x: Tensor) -> Tensor:
    """`x` in float32 at least: half precision is raised, float64 stays."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def as_float64(x: Tensor) -> Tensor:
    """`x` in float64, where differences of nearly equal numbers keep their digits."""
    return x if x.device.type == "mps" else x.double()  # mps has no float64


def unit_norm(x: Tensor) -> Tensor:
    """The rows of `x` [n, d] at unit norm, in float32 at least; a zero row stays zero."""
    return F.normalize(at_least_float32(x))


class _Squared(torch.autograd.Function):
    """|x_i - x_j|² of all rows; the matrix is symmetric, so its gradient takes one product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        norms = x.square().sum(1)
        squared = torch.addmm(norms[:, None] + norms, x, x.T, alpha=-2)
        return squared.clamp_(min=0).fill_diagonal_(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        pull = grad + grad.T
        return torch.addmm(pull.sum(1, keepdim=True) * x, pull, x, alpha=-1).mul_(2)


def pairwise_distance(x: Tensor, kind: Distance = "euclidean") -> Tensor:
    """Distances between all rows of `x` [n, d]: [n, n].

    Computed outside autocast and with float64 inside the matrix product, because its float32 form
    is off by 1e-3 on near-duplicates. Half precision is raised to float32, float64 stays. The
    gradient at distance zero is zero.

    Args:
        kind: `euclidean` |x - y|, `squared` |x - y|², or `cosine` 1 - cos(x, y).
    """
    with torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x)
        if kind == "cosine":
            x = F.normalize(x)
        squared: Tensor = _Squared.apply(as_float64(x)).to(x.dtype)
        if kind == "cosine":  # 1 - cos(x, y) = |x - y|² / 2 for unit rows
            return squared / 2
        if kind == "squared":
            return squared
        # sqrt's gradient at 0 is infinite: give those entries one they do not reach.
        zero = squared == 0
        return squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def paired_distance(x: Tensor, y: Tensor, kind: Distance = "euclidean") -> Tensor:
    """Distances of each row of `x` [n, d] from the same row of `y` [n, d]: [n].

    Taken from the differences themselves, so near-duplicates keep their digits in float32 too. The
    gradient at distance zero is zero.
    """
    x, y = at_least_float32(x), at_least_float32(y)
    if kind == "cosine":
        return (F.normalize(x) - F.normalize(y)).square().sum(1) / 2
    if kind == "squared":
        return (x - y).square().sum(1)
    norm: Tensor = torch.linalg.vector_norm(x - y, dim=1)
    return norm


def mining_distance(x: Tensor, kind: Distance = "euclidean") -> Tensor:
    """What orders the rows of `x` [n, d] by their distance from each row: [n, n], no gradient.

    One float32 matrix product (float64 for float64). Only comparisons within a row mean anything:
    the row's own norm is left out, and the Euclidean distance stays squared.
    """
    with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x)
        if kind == "cosine":
            x = F.normalize(x)
            return -(x @ x.T)
        return torch.addmm(x.square().sum(1), x, x.T, alpha=-2)


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
