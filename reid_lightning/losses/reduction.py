"""How terms become a loss: margins, masks, and what every metric loss tells."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.errors import ReIDError

Margin = float | Literal["soft"]


class MetricTerms(NamedTuple):
    """A metric loss and its diagnostics, all scalars.

    `active` is the share of mined triplets that still teach something, `dist_pos` and `dist_neg`
    are their mean distances; none where the loss mines no triplets.
    """

    loss: Tensor
    active: Tensor | None = None
    dist_pos: Tensor | None = None
    dist_neg: Tensor | None = None


def check_margin(key: str, margin: object) -> None:
    """Raise a `ReIDError` unless `margin` is a number or `soft`."""
    if margin != "soft" and not isinstance(margin, float | int):
        raise ReIDError(f"{key}={margin} must be a number, or soft.")


def hinge(difference: Tensor, margin: Margin) -> Tensor:
    """[difference + margin]₊, or ln(1 + e^difference) for the `soft` margin, elementwise."""
    return F.softplus(difference) if margin == "soft" else F.relu(difference + margin)


def teaches(difference: Tensor, margin: Margin) -> Tensor:
    """Where a triplet of `difference` = d(a, p) - d(a, n) still teaches something.

    Its hinge is above zero; the soft margin never is zero, so there the negative is the nearer.
    """
    return difference > (0 if margin == "soft" else -margin)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` holds; zero, with the graph kept, where it never does."""
    return values.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)


def told(d_pos: Tensor, d_neg: Tensor, valid: Tensor, margin: Margin) -> MetricTerms:
    """The mean hinge of triplets at distances d(a, p) and d(a, n), and what it says of them."""
    difference = d_pos - d_neg
    share = valid.to(d_pos.dtype) / valid.sum().clamp(min=1)
    with torch.no_grad():
        active = (teaches(difference, margin) * share).sum()
        near, far = (d_pos * share).sum(), (d_neg * share).sum()
    return MetricTerms((hinge(difference, margin) * share).sum(), active, near, far)
