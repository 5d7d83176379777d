"""The criterion: what training minimises, an identity loss and a metric loss side by side."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.mining import Mining
from reid_lightning.losses.triplet import Margin, TripletLoss


class Criterion(nn.Module):
    """`id_weight` × label-smoothed cross-entropy + `metric_weight` × metric loss.

    Args:
        metric: a metric loss on embeddings, or none for the identity loss alone.
        label_smoothing: ε of Szegedy et al. 2016: the true identity gets 1 - ε + ε/N.
        metric_weight, id_weight: of the two terms.
    """

    def __init__(
        self,
        metric: nn.Module | None,
        *,
        label_smoothing: float,
        id_weight: float = 1.0,
        metric_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ReIDError(f"loss.label_smoothing={label_smoothing} must be from 0 to below 1.")
        self.metric, self.label_smoothing = metric, label_smoothing
        self.id_weight, self.metric_weight = id_weight, metric_weight

    def forward(
        self,
        embeddings: Tensor,
        logits: Tensor,
        labels: Tensor,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Embeddings [batch, d], logits [batch, identities], labels [batch].

        Returns:
            `loss` to minimise and, detached, what there is of `loss_id`, `loss_metric`, `active`,
            `dist_pos`, `dist_neg`, `embedding_norm`; all scalars.
        """
        loss_id = F.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
        # The identity term keeps its place in the graph at weight 0: DDP wants every gradient.
        loss = self.id_weight * loss_id
        told: dict[str, Tensor | None] = {"loss_id": loss_id}
        if self.metric is not None:
            terms = self.metric(embeddings, labels, generator)
            loss = loss + self.metric_weight * terms.loss
            told |= {"loss_metric": terms.loss} | terms._asdict()
        told["embedding_norm"] = embeddings.float().norm(dim=1).mean()
        return {k: v.detach() for k, v in told.items() if v is not None} | {"loss": loss}


def triplet_criterion(
    *,
    mining: Mining,
    margin: Margin,
    distance: Distance,
    normalize: bool,
    label_smoothing: float,
    metric_weight: float,
    id_weight: float,
) -> Criterion:
    """A triplet loss beside the identity loss, from the flat keys of `conf/loss/*.yaml`."""
    return Criterion(
        TripletLoss(mining, margin, distance, normalize=normalize),
        label_smoothing=label_smoothing,
        metric_weight=metric_weight,
        id_weight=id_weight,
    )
