"""A teacher: trained networks whose predictions and distances a training learns, too."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.distances import RankingDistance, at_least_float32, unit_norm
from reid_lightning.losses.distillation import distilled_distances, distilled_logits
from reid_lightning.losses.gather import Gather, count_ranks, global_batch
from reid_lightning.models import Embedder, Features
from reid_lightning.models.fold import folded
from reid_lightning.models.layout import channels_last, images_channels_last


class TeacherNetwork(NamedTuple):
    """A trained network.

    Args:
        network: takes pictures that are normalised with ImageNet's mean and deviation, as all do.
        height, width: of its input, in pixels.
        distance: that its embeddings are ranked by.
    """

    network: Embedder
    height: int
    width: int
    distance: RankingDistance


class Teacher:
    """One or several trained networks, which see the pictures that the student sees.

    It is no part of the student: it has no gradient, and no place in the optimizer, in checkpoints,
    among averaged weights or in what processes exchange.

    Args:
        networks: copies of them teach.
        logit_weight, distance_weight: of the two terms; at 0, a term is not computed.
        temperature: that softens predictions, see `distilled_logits`.
        digest: of the networks: a resumed training must have the same ones.
    """

    def __init__(
        self,
        networks: Sequence[TeacherNetwork],
        *,
        logit_weight: float,
        distance_weight: float,
        temperature: float,
        digest: str = "",
    ) -> None:
        self.networks = [m._replace(network=channels_last(folded(m.network))) for m in networks]
        self.logit_weight, self.distance_weight = logit_weight, distance_weight
        self.temperature, self.digest = temperature, digest

    def __deepcopy__(self, memo: object) -> "Teacher":
        return self  # it never changes: a copy of its student, as for averaged weights, shares it

    def to(self, device: torch.device) -> None:
        """Move the networks to a device."""
        for member in self.networks:
            member.network.to(device)

    def losses(
        self, images: Tensor, student: Features, distance: RankingDistance, *, gather: Gather
    ) -> dict[str, Tensor]:
        """What the student's outputs for a batch cost.

        Args:
            images: the student's input [B, 3, H, W].
            student: its outputs for them.
            distance: that its embeddings are ranked by; those of `cosine` are compared at unit
                norm.
            gather: as in `Criterion`: whether distances are those of the pictures of all ranks.

        Returns:
            Scalars: `loss`, the weighted sum, and its terms `loss_distill_logits` and
            `loss_distill_distances`, each unless its weight is 0.
        """
        with torch.no_grad():
            features = [_features(member, images) for member in self.networks]
        losses, loss = dict[str, Tensor](), images.new_zeros(())
        if self.logit_weight:
            logits = [of_one.logits for of_one in features]
            term = distilled_logits(student.logits, logits, self.temperature)
            losses["loss_distill_logits"] = term
            loss = loss + self.logit_weight * term
        if self.distance_weight:
            points = _points(student.retrieval, distance)
            ranked = zip(features, self.networks, strict=True)
            taught = [_points(of_one.retrieval, member.distance) for of_one, member in ranked]
            sizes, joined = [x.shape[1] for x in taught], torch.cat(taught, 1)
            if count_ranks() > 1 and gather is not False:
                points, joined = global_batch(points, joined)
            term = distilled_distances(points, torch.split(joined, sizes, 1))
            losses["loss_distill_distances"] = term
            loss = loss + self.distance_weight * term
        return losses | {"loss": loss}


def _features(member: TeacherNetwork, images: Tensor) -> Features:
    size = [member.height, member.width]
    if size != list(images.shape[2:]):  # as pictures are resized when they are decoded
        images = F.interpolate(images, size, mode="bilinear", antialias=True)
    features: Features = member.network(images_channels_last(images))
    return features


def _points(embeddings: Tensor, distance: RankingDistance) -> Tensor:
    """Embeddings whose Euclidean distances sort like those that they are ranked by."""
    return unit_norm(embeddings) if distance == "cosine" else at_least_float32(embeddings)
