"""Which triplets to learn from: pure functions of a distance matrix and the labels.

Every rule answers for all anchors at once with masks and fixed shapes, so that it works for any
number of pictures an identity has and asks a GPU for nothing back.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from reid_lightning.losses.sampling import runs, sample_other, sample_same

Mining = Literal["random", "hard", "semihard"]


class Triplets(NamedTuple):
    """Picture indices of positives and negatives, and which entries count.

    One triplet an anchor: all of shape [batch]; one an anchor-positive pair: [batch, batch].
    Where `valid` is false, the indices mean nothing.
    """

    positive: Tensor
    negative: Tensor
    valid: Tensor


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Masks [batch, batch] of (anchor, positive) and (anchor, negative) pairs."""
    same = labels[:, None] == labels
    return same.clone().fill_diagonal_(False), ~same


def chances(rows: int, labels: Tensor, generator: torch.Generator | None) -> Tensor:
    """Uniform numbers [rows, batch], drawn on the CPU so that they are the same on any device."""
    drawn = torch.rand(rows, len(labels), generator=generator)
    return drawn.to(labels.device, non_blocking=True)


def mine_random(labels: Tensor, generator: torch.Generator | None = None) -> Triplets:
    """For every anchor one positive and one negative, uniformly at random."""
    chance, by = chances(2, labels, generator), runs(labels)
    positive, has_positive = sample_same(chance[0], by)
    anchor = torch.arange(len(labels), device=labels.device)
    negative, has_negative = sample_other(chance[1], by, anchor)
    return Triplets(positive, negative, has_positive & has_negative)


def mine_hard(distances: Tensor, labels: Tensor) -> Triplets:
    """For every anchor its farthest positive and nearest negative (Hermans et al. 2017).

    `distances` [batch, batch]; within a row, any numbers in the same order do.
    """
    same = labels[:, None] == labels
    to_positives = distances.masked_fill(~same, -torch.inf).fill_diagonal_(-torch.inf)
    farthest, positive = to_positives.max(1)
    nearest, negative = distances.masked_fill(same, torch.inf).min(1)
    return Triplets(positive, negative, (farthest > -torch.inf) & (nearest < torch.inf))


def mine_semihard(distances: Tensor, labels: Tensor) -> Triplets:
    """For every anchor-positive pair the nearest negative that is farther than the positive.

    Where there is none, the farthest negative (FaceNet, Schroff et al. 2015, as TensorFlow
    Addons' `TripletSemiHardLoss` has it).
    """
    positives, negatives = pair_masks(labels)
    ordered, order = distances.masked_fill(~negatives, torch.inf).sort(1)
    count = negatives.sum(1, keepdim=True)
    first_farther = torch.searchsorted(ordered, distances.contiguous(), right=True)
    negative = order.gather(1, torch.minimum(first_farther, (count - 1).clamp(min=0)))
    positive = torch.arange(len(labels), device=labels.device).expand_as(negative)
    return Triplets(positive, negative, positives & (count > 0))
