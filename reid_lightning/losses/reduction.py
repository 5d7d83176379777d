"""From the distances of triplets to a loss and its diagnostics."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.signatures import NonNegative

Margin = NonNegative | Literal["soft"]


class MetricTerms(NamedTuple):
    """A metric loss and its diagnostics, all scalars.

    `active` is the share of mined triplets with an active loss (see `is_active`), `dist_pos` and
    `dist_neg` are the mined triplets' mean distances; None where the loss mines no triplets.
    """

    loss: Tensor
    active: Tensor | None = None
    dist_pos: Tensor | None = None
    dist_neg: Tensor | None = None


def margin_loss(difference: Tensor, margin: Margin) -> Tensor:
    """[difference + margin]₊, or ln(1 + exp(difference)) for the `soft` margin, elementwise."""
    return F.softplus(difference) if margin == "soft" else F.relu(difference + margin)


def is_active(difference: Tensor, margin: Margin) -> Tensor:
    """Where triplets of `difference` = d(a, p) - d(a, n) are not yet separated by the margin.

    Their loss is above zero. The soft margin's loss always is: there, where d(a, n) < d(a, p).
    """
    return difference > (0 if margin == "soft" else -margin)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` is true; zero, with the graph kept, if it is true nowhere."""
    return values.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)


def triplet_terms(d_pos: Tensor, d_neg: Tensor, valid: Tensor, margin: Margin) -> MetricTerms:
    """The mean loss of the valid triplets, and their diagnostics.

    Args:
        d_pos, d_neg: distances d(a, p) and d(a, n), of one shape.
        valid: mask of the same shape: which entries are triplets.
        margin: a number or `soft`.
    """
    difference = d_pos - d_neg
    weights = valid.to(d_pos.dtype) / valid.sum().clamp(min=1)
    with torch.no_grad():
        active = (is_active(difference, margin) * weights).sum()
        mean_pos, mean_neg = (d_pos * weights).sum(), (d_neg * weights).sum()
    loss = (margin_loss(difference, margin) * weights).sum()
    return MetricTerms(loss, active, mean_pos, mean_neg)
