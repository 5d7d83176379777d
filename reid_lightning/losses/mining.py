"""Which triplets to train on: pure functions of a distance matrix and the labels.

All anchors are mined at once with masks and fixed shapes: identities may have any number of
pictures, and the CPU never waits for a GPU.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from reid_lightning.losses.sampling import (
    label_segments,
    sample_other_identity,
    sample_same_identity,
    sample_uniforms,
)

Mining = Literal["random", "hard", "semihard"]


class Triplets(NamedTuple):
    """Picture indices of positives and negatives, and which entries are triplets.

    [batch] where there is one triplet per anchor, [batch, batch] where there is one per
    anchor–positive pair. Where `valid` is false, the indices have no meaning.
    """

    positive: Tensor
    negative: Tensor
    valid: Tensor


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Masks [batch, batch] of (anchor, positive) and (anchor, negative) pairs."""
    same = labels[:, None] == labels
    return same.clone().fill_diagonal_(False), ~same


def mine_random(labels: Tensor, generator: torch.Generator | None = None) -> Triplets:
    """For each anchor one positive and one negative, uniformly at random."""
    uniforms, segments = sample_uniforms(2, labels, generator), label_segments(labels)
    positive, has_positive = sample_same_identity(uniforms[0], segments)
    anchor = torch.arange(len(labels), device=labels.device)
    negative, has_negative = sample_other_identity(uniforms[1], segments, anchor)
    return Triplets(positive, negative, has_positive & has_negative)


def mine_hard(distances: Tensor, labels: Tensor) -> Triplets:
    """For each anchor its farthest positive and its nearest negative (Hermans et al. 2017).

    Args:
        distances: [batch, batch]; any numbers that sort like distances within each row.
        labels: [batch].
    """
    same = labels[:, None] == labels
    to_positives = distances.masked_fill(~same, -torch.inf).fill_diagonal_(-torch.inf)
    farthest, positive = to_positives.max(1)
    nearest, negative = distances.masked_fill(same, torch.inf).min(1)
    return Triplets(positive, negative, (farthest > -torch.inf) & (nearest < torch.inf))


def mine_semihard(distances: Tensor, labels: Tensor) -> Triplets:
    """For each anchor–positive pair the nearest negative that is farther than the positive.

    If no negative is farther, the farthest negative (FaceNet, Schroff et al. 2015, section 3.2;
    the fallback is that of TensorFlow Addons' `TripletSemiHardLoss`).

    Args:
        distances: [batch, batch]; any numbers that sort like distances within each row.
        labels: [batch].
    """
    positives, negatives = pair_masks(labels)
    ordered, order = distances.masked_fill(~negatives, torch.inf).sort(1)
    count = negatives.sum(1, keepdim=True)
    first_farther = torch.searchsorted(ordered, distances.contiguous(), right=True)
    negative = order.gather(1, torch.minimum(first_farther, (count - 1).clamp(min=0)))
    positive = torch.arange(len(labels), device=labels.device).expand_as(negative)
    return Triplets(positive, negative, positives & (count > 0))
