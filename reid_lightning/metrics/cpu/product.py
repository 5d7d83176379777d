"""The float32 product on the CPU, and how far from exact it may be."""

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
    """What exact distances are made of, and each query's error_bound: how far off `product` may be.

    Any order of summing n terms in float32 errs by at most n u / (1 - n u) times the sum of the
    terms' magnitudes (Higham 2002, section 4.2), here no more than |y|² + 2|x||y|. A few more terms
    stand for the roundings before and after; 2^-100 for numbers too small for float32.

    Args:
        query: [queries, d], float32, contiguous, of unit norm for `cosine`.
        gallery: [gallery, d], likewise.
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
    error_bound[magnitude > 2.0**126] = np.inf  # float32 may overflow
    return ExactOperands(x, y, offsets, scale), error_bound


def product(query: Tensor, gallery: Tensor, operands: ExactOperands, out: Tensor) -> None:
    """Write approximate distances of some queries from the gallery to `out` [queries, gallery]."""
    out.copy_(torch.from_numpy(operands.offsets))
    with _true_float32():
        out.addmm_(query, gallery.T, alpha=-operands.scale)


@contextmanager
def _true_float32() -> Iterator[None]:
    # oneDNN multiplies float32 in bfloat16 where torch.set_float32_matmul_precision lets it.
    enabled = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = enabled
