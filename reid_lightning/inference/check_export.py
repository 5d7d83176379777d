"""Whether an exported network gives what the network gave."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError

PICTURES = 64  # to compare
_LEAST_COSINE = {"float32": 0.9999, "float16": 0.999}
_NEAR = {"float32": 1e-4, "float16": 0.02}  # distances that differ by less may change places
_FIRST = 10

Embed = Callable[[Tensor], Tensor]  # pixels uint8 [B, H, W, 3] → unit norm [B, d]


class Agreement(NamedTuple):
    """How near an exported network is to its original, on the pictures that were compared.

    Args:
        cosine: the least, between the embeddings of one picture by both.
        similarity_error: the largest difference between what both say of two pictures.
    """

    cosine: float
    similarity_error: float


def check_equal(exported: Embed, original: Embed, pixels: Tensor, dtype: str) -> Agreement:
    """Compare two networks on pictures, one by one and in batches of 8.

    Args:
        exported, original: the networks.
        pixels: different pictures, uint8 [n, H, W, 3].
        dtype: of the exported network.

    Raises:
        ReIDError: the embeddings, or their order by distance, are not the original's.
    """
    wanted = original(pixels).double().numpy()
    agreements = [_compare(in_batches(exported, pixels, size), wanted, dtype) for size in (1, 8)]
    return Agreement(min(a.cosine for a in agreements), max(a.similarity_error for a in agreements))


def check_distinct(embeddings: Tensor) -> None:
    """Raise a `ReIDError` unless different pictures have different embeddings, all finite."""
    if not bool(embeddings.isfinite().all()):
        raise ReIDError("The exported network gives numbers that are not finite.")
    if len(np.unique(embeddings.numpy(), axis=0)) < len(embeddings):
        raise ReIDError(
            "The exported network gives the same embedding for different pictures: it has learnt "
            "nothing yet or collapsed, or float16 is too coarse for it (dtype=float32)."
        )


def in_batches(embed: Embed, pixels: Tensor, size: int) -> Tensor:
    """The embeddings of pictures, by batches of a size."""
    return torch.cat([embed(batch) for batch in torch.split(pixels, size)])


def _compare(found: Tensor, wanted: np.ndarray, dtype: str) -> Agreement:
    check_distinct(found)
    rows = found.double().numpy()
    cosine = float((rows * wanted).sum(1).min())
    if cosine < (least := _LEAST_COSINE[dtype]):
        raise ReIDError(
            f"The exported network gives other embeddings than the checkpoint: the least cosine "
            f"between both is {cosine:.6f}, and {least} is needed."
        )
    ours, theirs = 1 - rows @ rows.T, 1 - wanted @ wanted.T
    for distances in (ours, theirs):
        np.fill_diagonal(distances, np.inf)  # a picture does not find itself
    nearest = np.argsort(ours, axis=1, kind="stable")[:, :_FIRST]
    difference = np.take_along_axis(theirs, nearest, 1) - np.sort(theirs, axis=1)[:, :_FIRST]
    if (worst := float(np.abs(difference).max())) >= _NEAR[dtype]:
        raise ReIDError(
            f"The exported network ranks otherwise than the checkpoint: pictures whose distances "
            f"differ by {worst:.6f} have changed places."
        )
    np.fill_diagonal(ours, 0)
    np.fill_diagonal(theirs, 0)
    return Agreement(cosine, float(np.abs(ours - theirs).max()))
