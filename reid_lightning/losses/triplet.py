"""The triplet loss over mined triplets."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.distances import Distance, pairwise_distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.losses.mining import Mining, mine

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


def hinge(difference: Tensor, margin: Margin) -> Tensor:
    """[difference + margin]₊, or ln(1 + e^difference) for the `soft` margin, elementwise."""
    return F.softplus(difference) if margin == "soft" else F.relu(difference + margin)


def check_margin(key: str, margin: object) -> None:
    """Raise a `ReIDError` unless `margin` is a number or `soft`."""
    if margin != "soft" and not isinstance(margin, float | int):
        raise ReIDError(f"{key}={margin} must be a number, or soft.")


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` holds; zero, with the graph kept, where it never does."""
    return values.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)


class TripletLoss(nn.Module):
    """Mean of [d(a, p) - d(a, n) + margin]₊ over the triplets that `mining` picks.

    Args:
        mining: `random`, `hard` (Hermans et al. 2017) or `semihard` (Schroff et al. 2015).
        margin: a number, or `soft` for ln(1 + exp(d(a, p) - d(a, n))).
        distance: `euclidean`, `squared` or `cosine`.
        normalize: bring embeddings to unit norm first.
    """

    def __init__(
        self, mining: Mining, margin: Margin, distance: Distance = "euclidean", *, normalize: bool
    ) -> None:
        super().__init__()
        check_choice("loss.mining", mining, get_args(Mining))
        check_choice("loss.distance", distance, get_args(Distance))
        check_margin("loss.margin", margin)
        self.mining, self.margin, self.distance = mining, margin, distance
        self.normalize = normalize

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> MetricTerms:
        """Embeddings [batch, d] and labels [batch]; `generator` draws the random triplets."""
        if self.normalize:
            embeddings = F.normalize(
                embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
            )
        distances = pairwise_distance(embeddings, embeddings, self.distance)
        triplets = mine(self.mining, distances, labels, generator)
        d_pos = distances.gather(1, triplets.positive)
        d_neg = distances.gather(1, triplets.negative)
        terms = hinge(d_pos - d_neg, self.margin)
        teaches = d_neg < d_pos if self.margin == "soft" else terms > 0
        return MetricTerms(
            masked_mean(terms, triplets.valid),
            masked_mean(teaches.to(terms.dtype), triplets.valid),
            masked_mean(d_pos.detach(), triplets.valid),
            masked_mean(d_neg.detach(), triplets.valid),
        )
