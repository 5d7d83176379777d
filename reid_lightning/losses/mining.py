"""Which triplets to learn from: pure functions of a distance matrix and the labels.

Every rule answers for all anchors at once with masks and fixed shapes, so that it works for any
number of pictures an identity has and asks a GPU for nothing back.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

Mining = Literal["random", "hard", "semihard"]


class Triplets(NamedTuple):
    """For anchor i (a row): picture indices of positives and negatives, and which entries count.

    All of shape [batch, m]; where `valid` is false, the indices mean nothing.
    """

    positive: Tensor
    negative: Tensor
    valid: Tensor


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Masks [batch, batch] of (anchor, positive) and (anchor, negative) pairs."""
    same = labels[:, None] == labels
    return same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device), ~same


def mine(
    rule: Mining, distances: Tensor, labels: Tensor, generator: torch.Generator | None = None
) -> Triplets:
    """Pick triplets by `rule` from distances [batch, batch] and labels [batch]."""
    distances = distances.detach()
    match rule:
        case "random":
            return mine_random(labels, generator)
        case "hard":
            return mine_hard(distances, labels)
        case "semihard":
            return mine_semihard(distances, labels)


def mine_random(labels: Tensor, generator: torch.Generator | None = None) -> Triplets:
    """For every anchor one positive and one negative, uniformly at random.

    The draw is made on the CPU, so that it is the same on every device.
    """
    positives, negatives = pair_masks(labels)
    chance = torch.rand(2, *positives.shape, generator=generator).to(labels.device)
    positive = chance[0].masked_fill(~positives, -1).argmax(1, keepdim=True)
    negative = chance[1].masked_fill(~negatives, -1).argmax(1, keepdim=True)
    return Triplets(positive, negative, _has_both(positives, negatives))


def mine_hard(distances: Tensor, labels: Tensor) -> Triplets:
    """For every anchor its farthest positive and nearest negative (Hermans et al. 2017)."""
    positives, negatives = pair_masks(labels)
    positive = distances.masked_fill(~positives, -torch.inf).argmax(1, keepdim=True)
    negative = distances.masked_fill(~negatives, torch.inf).argmin(1, keepdim=True)
    return Triplets(positive, negative, _has_both(positives, negatives))


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


def _has_both(positives: Tensor, negatives: Tensor) -> Tensor:
    return (positives.any(1) & negatives.any(1))[:, None]
