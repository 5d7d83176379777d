"""The criterion that training minimises: the weighted sum of an identity and a metric loss."""

from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Required

from reid_lightning.distances import pairwise_distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.center import CenterLoss
from reid_lightning.losses.gather import Gather, count_ranks, global_batch
from reid_lightning.losses.mining import pair_masks
from reid_lightning.losses.reduction import MetricTerms, masked_mean
from reid_lightning.signatures import Count, NonNegative, PartialShare, checked


class CommonTerms(TypedDict, total=False):
    """The arguments of `Criterion` that all criteria share."""

    num_classes: Required[Count]
    embedding_size: Required[Count]
    label_smoothing: Required[PartialShare]
    id_weight: NonNegative
    metric_weight: NonNegative
    center_weight: NonNegative
    gather: Gather


@checked("loss")
class Criterion(nn.Module):
    """`id_weight` × label-smoothed cross-entropy + `metric_weight` × metric loss (+ centre loss).

    Args:
        metric: a metric loss of embeddings, or None for the identity loss alone.
        num_classes: training identities, N.
        embedding_size: d, of the feature of the whole picture.
        label_smoothing: ε of Szegedy et al. 2016: the target of the true identity is 1 - ε + ε/N.
        id_weight, metric_weight, center_weight: of the three terms; 0 omits the centre loss.
        gather: `auto` or true: compute metric and centre loss over the pictures of all ranks;
            false: each rank over its own.

    Raises:
        ReIDError: an option is out of range, or no term tells identities apart; or, in `forward`,
            a centre loss without gathering on several ranks.
    """

    def __init__(
        self,
        metric: nn.Module | None,
        *,
        num_classes: Count,
        embedding_size: Count,
        label_smoothing: PartialShare,
        id_weight: NonNegative = 1.0,
        metric_weight: NonNegative = 1.0,
        center_weight: NonNegative = 0.0,
        gather: Gather = "auto",
    ) -> None:
        super().__init__()
        if not id_weight and (metric is None or not metric_weight):
            raise ReIDError(
                "Nothing would be trained to tell identities apart: loss.id_weight=0, and "
                + (
                    "this loss is the identity loss alone."
                    if metric is None
                    else "loss.metric_weight=0."
                )
                + " Set one above 0."
            )
        self.metric, self.label_smoothing, self.gather = metric, label_smoothing, gather
        self.id_weight, self.metric_weight = id_weight, metric_weight
        self.center_weight = center_weight
        self.embedding_size = embedding_size
        self.center = CenterLoss(num_classes, embedding_size) if center_weight else None

    def check_processes(self, count: int) -> None:
        """Raise a `ReIDError` if the criterion cannot be computed by `count` processes."""
        if count > 1 and self.gather is False and self.center is not None:
            raise ReIDError(
                f"loss.center_weight={self.center_weight} needs loss.gather=auto on several "
                "processes: with loss.gather=false each process would move its own centres, and "
                "DDP would overwrite them with those of rank 0. Set loss.gather=auto, or "
                "loss.center_weight=0."
            )

    def forward(
        self,
        embeddings: Tensor,
        logits: Tensor,
        labels: Tensor,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """The loss and its diagnostics.

        Of a network with parts, the identity loss is the mean over all heads, the metric loss the
        mean of two: of the feature of the whole picture, and of all features joined. Centres are
        of the whole picture.

        Args:
            embeddings: [batch, d]; of a network with parts [batch, D], d of the whole picture
                before those of its parts.
            logits: [batch, N], or [batch, heads, N].
            labels: [batch].
            generator: of random triplets.

        Returns:
            Scalars: `loss` to minimise and, detached, `loss_id`, `embedding_norm`, `dist_pos`,
            `dist_neg` and, where the criterion has them, `loss_metric`, `loss_center`, `active`.
        """
        self.check_processes(count_ranks())
        heads = logits.shape[1] if logits.dim() == 3 else 1
        loss_id = F.cross_entropy(
            logits.flatten(0, -2).float(),
            labels.repeat_interleave(heads),
            label_smoothing=self.label_smoothing,
        )
        # At weight 0 the term stays in the graph: DDP waits for a gradient of every parameter.
        loss = self.id_weight * loss_id
        diagnostics = {
            "loss_id": loss_id,
            "embedding_norm": embeddings.detach().float().norm(dim=1).mean(),
        }
        if count_ranks() > 1 and self.gather is not False:
            embeddings, labels = global_batch(embeddings, labels)
        whole = embeddings[:, : self.embedding_size]
        terms = MetricTerms(loss)
        if self.metric is not None:
            terms = self.metric(embeddings, labels, generator)
            loss_metric = terms.loss
            if embeddings.shape[1] > self.embedding_size:
                loss_metric = (loss_metric + self.metric(whole, labels, generator).loss) / 2
            diagnostics["loss_metric"] = loss_metric
            loss = loss + self.metric_weight * loss_metric
        if self.center is not None:
            diagnostics["loss_center"] = self.center(whole, labels)
            loss = loss + self.center_weight * diagnostics["loss_center"]
        diagnostics |= _distance_diagnostics(embeddings, labels, terms)
        return {name: value.detach() for name, value in diagnostics.items()} | {"loss": loss}


def _distance_diagnostics(
    embeddings: Tensor, labels: Tensor, terms: MetricTerms
) -> dict[str, Tensor]:
    """Those of the mined triplets; the mean distances of all pairs if no triplets are mined."""
    if terms.active is not None and terms.dist_pos is not None and terms.dist_neg is not None:
        return {"active": terms.active, "dist_pos": terms.dist_pos, "dist_neg": terms.dist_neg}
    distances = pairwise_distance(embeddings.detach())
    positives, negatives = pair_masks(labels)
    return {
        "dist_pos": masked_mean(distances, positives),
        "dist_neg": masked_mean(distances, negatives),
    }
