"""The criterion: what training minimises, an identity loss and a metric loss side by side."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.distances import pairwise_distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.losses.center import CenterLoss
from reid_lightning.losses.gather import Gather, gathers, global_batch
from reid_lightning.losses.mining import pair_masks
from reid_lightning.losses.reduction import MetricTerms, masked_mean


class Criterion(nn.Module):
    """`id_weight` × label-smoothed cross-entropy + `metric_weight` × metric loss (+ centre loss).

    Args:
        metric: a metric loss on embeddings, or none for the identity loss alone.
        num_classes, embedding_size: of the model; the centres need them.
        label_smoothing: ε of Szegedy et al. 2016: the true identity gets 1 - ε + ε/N.
        metric_weight, id_weight, center_weight: of the three terms; no centres at 0.
        gather: compute the metric loss over all ranks' pictures: `auto` where there are several
            processes, true, or false.
    """

    def __init__(
        self,
        metric: nn.Module | None,
        *,
        num_classes: int,
        embedding_size: int,
        label_smoothing: float,
        id_weight: float = 1.0,
        metric_weight: float = 1.0,
        center_weight: float = 0.0,
        gather: Gather = "auto",
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ReIDError(f"loss.label_smoothing={label_smoothing} must be from 0 to below 1.")
        check_choice("loss.gather", gather, ("auto", True, False))
        self.metric, self.label_smoothing, self.gather = metric, label_smoothing, gather
        self.id_weight, self.metric_weight = id_weight, metric_weight
        self.center_weight = center_weight
        self.center = CenterLoss(num_classes, embedding_size) if center_weight else None

    def forward(
        self,
        embeddings: Tensor,
        logits: Tensor,
        labels: Tensor,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Embeddings [batch, d], logits [batch, identities], labels [batch].

        Returns:
            `loss` to minimise and, detached, `loss_id`, `embedding_norm`, `dist_pos`, `dist_neg`,
            and what there is of `loss_metric`, `loss_center` and `active`; all scalars.
        """
        loss_id = F.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
        # The identity term keeps its place in the graph at weight 0: DDP wants every gradient.
        loss = self.id_weight * loss_id
        told = {
            "loss_id": loss_id,
            "embedding_norm": embeddings.detach().float().norm(dim=1).mean(),
        }
        if gathers(self.gather):
            embeddings, labels = global_batch(embeddings, labels)
        terms = MetricTerms(loss)
        if self.metric is not None:
            terms = self.metric(embeddings, labels, generator)
            told["loss_metric"] = terms.loss
            loss = loss + self.metric_weight * terms.loss
        if self.center is not None:
            told["loss_center"] = self.center(embeddings, labels)
            loss = loss + self.center_weight * told["loss_center"]
        told |= _distances(embeddings, labels, terms)
        return {name: value.detach() for name, value in told.items()} | {"loss": loss}


def _distances(embeddings: Tensor, labels: Tensor, terms: MetricTerms) -> dict[str, Tensor]:
    """The mined triplets' mean distances; those of all pairs where nothing is mined."""
    if terms.active is not None and terms.dist_pos is not None and terms.dist_neg is not None:
        return {"active": terms.active, "dist_pos": terms.dist_pos, "dist_neg": terms.dist_neg}
    distances = pairwise_distance(embeddings.detach())
    positives, negatives = pair_masks(labels)
    return {
        "dist_pos": masked_mean(distances, positives),
        "dist_neg": masked_mean(distances, negatives),
    }
