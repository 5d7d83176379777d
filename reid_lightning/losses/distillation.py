"""Knowledge distillation: a student's loss for being unlike trained networks, its teachers."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_lightning.distances import at_least_float32, pairwise_distance


def distilled_logits(logits: Tensor, teachers: Sequence[Tensor], temperature: float) -> Tensor:
    """T² · KL(teachers' probabilities ‖ student's), softened by the temperature T.

    The teachers' probabilities are the mean of softmax(logits / T) over the heads of a teacher and
    then over the teachers; each of the student's heads learns from them. The mean over pictures
    and heads (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", section 2).

    Args:
        logits: the student's [batch, N], or [batch, heads, N].
        teachers: each one's, in the same two forms.
        temperature: T, above 0.
    """
    targets = torch.stack([_probabilities(x, temperature) for x in teachers]).mean(0)
    heads = _heads(logits)
    student = F.log_softmax(heads / temperature, dim=-1)
    divergence = F.kl_div(student, targets[:, None].expand_as(heads), reduction="sum")
    return temperature**2 * divergence / (heads.shape[0] * heads.shape[1])


def distilled_distances(points: Tensor, teachers: Sequence[Tensor]) -> Tensor:
    """The Huber loss between the student's distances and the teachers', each divided by their mean.

    The Euclidean distances between all pictures of a batch, in units of their mean over all pairs;
    those of several teachers are averaged. The mean over pairs, zero if there are none (Park et
    al. 2019, "Relational Knowledge Distillation", RKD-D).

    Args:
        points: the student's embeddings [batch, d].
        teachers: each one's, [batch, its own d].
    """
    targets = torch.stack([_relative_distances(x) for x in teachers]).mean(0)
    loss = F.huber_loss(_relative_distances(points), targets, reduction="sum")
    return loss / _pairs(points)


def _heads(logits: Tensor) -> Tensor:
    """Logits [batch, heads, N], also of a network with one head."""
    logits = at_least_float32(logits)
    return logits if logits.dim() == 3 else logits[:, None]


def _probabilities(logits: Tensor, temperature: float) -> Tensor:
    return F.softmax(_heads(logits) / temperature, dim=-1).mean(1)


def _relative_distances(points: Tensor) -> Tensor:
    distances = pairwise_distance(points)
    mean = distances.sum() / _pairs(points)
    return distances / mean.clamp(min=1e-12)  # of embeddings that are all equal: zero


def _pairs(points: Tensor) -> int:
    """The number of pairs of different pictures, at least one; each counts twice."""
    return max(len(points) * (len(points) - 1), 1)
