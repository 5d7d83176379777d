"""Distances between embeddings, for losses, metrics and retrieval."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from reid_lightning.parallel import chunks

Distance = Literal["euclidean", "squared", "cosine"]
RankingDistance = Literal["cosine", "euclidean"]


def at_least_float32(x: Tensor) -> Tensor:
    """`x` in float32 if it is in half precision; float32 and float64 stay."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def all_finite(x: Tensor) -> bool:
    """Whether no number of `x` is NaN or infinite; one pass, without a mask of its size."""
    if x.sum().isfinite():
        return True
    return bool(x.isfinite().all())  # a sum of large numbers is infinite, too


def as_float64(x: Tensor) -> Tensor:
    """`x` in float64, except on `mps`, which has none.

    Differences of nearly equal numbers keep their digits in float64.
    """
    return x if x.device.type == "mps" else x.double()


def unit_norm(x: Tensor) -> Tensor:
    """The rows of `x` [n, d] scaled to unit norm, in at least float32; a zero row stays zero.

    Norms are summed in float64: sums in float32 depend on their order, so on the device, and
    scores with them.
    """
    x = at_least_float32(x)
    exact = x.dtype if x.device.type == "mps" else torch.float64
    norms = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=exact).to(x.dtype)
    unit: Tensor = x / norms.clamp(min=1e-12)
    return unit


class _Squared(torch.autograd.Function):
    """|x_i - x_j|² for all pairs of rows.

    The matrix is symmetric, so that one matrix product gives its gradient.
    """

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
    """Distances between all pairs of rows.

    Computed outside autocast, with the matrix product in float64: in float32 it is off by 1e-3 on
    near-duplicates. The gradient at distance zero is zero.

    Args:
        x: [n, d].
        kind: `euclidean` |x - y|, `squared` |x - y|², or `cosine` 1 - cos(x, y).

    Returns:
        [n, n], in the type of `x` but at least float32.
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
        # sqrt has an infinite gradient at 0, and infinity × 0 would be NaN: sqrt never sees a 0.
        zero = squared == 0
        return squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def paired_distance(x: Tensor, y: Tensor, kind: Distance = "euclidean") -> Tensor:
    """Distance between each row of `x` and the same row of `y`.

    Computed from the differences x - y, so that near-duplicates keep their digits in float32 too.
    The gradient at distance zero is zero.

    Args:
        x, y: [n, d].
        kind: as for `pairwise_distance`.

    Returns:
        [n], in the type of the inputs but at least float32.
    """
    x, y = at_least_float32(x), at_least_float32(y)
    if kind == "cosine":
        return (F.normalize(x) - F.normalize(y)).square().sum(1) / 2
    if kind == "squared":
        return (x - y).square().sum(1)
    norm: Tensor = torch.linalg.vector_norm(x - y, dim=1)
    return norm


def mining_distance(x: Tensor, kind: Distance = "euclidean") -> Tensor:
    """Numbers that sort like distances within each row, without gradient: cheap to mine by.

    One matrix product in the type of `x`, at least float32. Compare numbers of the same row only:
    each row omits its own squared norm, and the Euclidean distance stays squared.

    Args:
        x: [n, d].
        kind: as for `pairwise_distance`.

    Returns:
        [n, n].
    """
    with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x)
        if kind == "cosine":
            x = F.normalize(x)
            return -(x @ x.T)
        return torch.addmm(x.square().sum(1), x, x.T, alpha=-2)


def ranking_distance(query: Tensor, gallery: Tensor, kind: Distance = "cosine") -> Tensor:
    """Distances to rank by: they sort like distances within each row.

    Compare numbers of the same row only: each row omits the query's own squared norm, and the
    Euclidean distance stays squared. The product is in float64 and then rounded, so that equal
    pictures are equally far wherever they stand in the gallery: float32 kernels differ at the
    edges of a matrix. A block of the gallery at a time is in float64, never all of it.

    Args:
        query: [q, d]; rows of unit norm for `cosine`.
        gallery: [g, d]; rows of unit norm for `cosine`.
        kind: as for `pairwise_distance`.

    Returns:
        [q, g], in the type of `query`.
    """
    distances = query.new_empty(len(query), len(gallery))
    with torch.autocast(query.device.type, enabled=False):
        x = query.double()
        # In float64, each gallery picture takes its row [d], the squared row, and a column [q].
        for block in chunks(len(gallery), 8 * (2 * gallery.shape[1] + len(query))):
            y = gallery[block].double()
            products = x @ y.T
            if kind == "cosine":
                distances[:, block] = products.neg_()
            else:
                distances[:, block] = products.mul_(-2).add_(y.square().sum(1))
    return distances
