"""Approximate distances on the CPU, by one float32 matrix product, and how far off they may be.

Any order of summing n terms in float32 errs by at most n u / (1 - n u) times the sum of the terms'
magnitudes, with u = 2^-24 (Higham 2002, Accuracy and Stability of Numerical Algorithms, section
4.2). The sum of magnitudes is here at most |y|² + 2|x||y|, or 1 for unit rows. A few more terms
stand for the roundings before and after the sum, and 2^-100 for numbers too small for float32.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from reid_lightning.distances import Distance
from reid_lightning.metrics.cpu.exact import ExactOperands, squared_norms
from reid_lightning.metrics.cpu.groups import Array
from reid_lightning.parallel import in_blocks


def exact_operands(
    query: Tensor, gallery: Tensor, distance: Distance
) -> tuple[ExactOperands, Array]:
    """The operands of exact distances, and the error bound of `approximate_distances`.

    Args:
        query: [queries, d], float32, contiguous, of unit norm for `cosine`.
        gallery: [gallery, d], likewise.
        distance: `cosine` or `euclidean`.

    Returns:
        The operands, and for each query how far off an approximate distance may be [queries],
        float64, infinite where float32 may overflow.
    """
    x, y = query.numpy(), gallery.numpy()
    if distance == "cosine":
        offsets, scale, magnitude = np.zeros(len(y)), 1.0, np.full(len(x), 1.01)
    else:
        squares, offsets, scale = np.empty(len(x)), np.empty(len(y)), 2.0
        in_blocks(squared_norms, len(x), x, squares)
        in_blocks(squared_norms, len(y), y, offsets)
        longest = offsets.max(initial=0)
        magnitude = longest + scale * np.sqrt(squares * longest)
    error = (x.shape[1] + 16) * 2.0**-24
    error_bound = magnitude * error / (1 - error) + 2.0**-100
    error_bound[magnitude > 2.0**126] = np.inf
    return ExactOperands(x, y, offsets, scale), error_bound


def approximate_distances(
    query: Tensor, gallery: Tensor, operands: ExactOperands, out: Tensor
) -> None:
    """Write the distances of a chunk of queries from the gallery to `out`.

    Args:
        query: [chunk, d], float32.
        gallery: [gallery, d], float32.
        operands: of this gallery.
        out: [chunk, gallery], float32.
    """
    out.copy_(torch.from_numpy(operands.offsets))
    with _true_float32():
        out.addmm_(query, gallery.T, alpha=-operands.scale)


@contextmanager
def _true_float32() -> Iterator[None]:
    # oneDNN multiplies float32 in bfloat16 if torch.set_float32_matmul_precision allows it.
    enabled = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = enabled
