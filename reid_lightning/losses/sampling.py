"""Uniform draws of pictures by identity, without a matrix and without asking the device back."""

from typing import NamedTuple

import torch
from torch import Tensor


class Runs(NamedTuple):
    """The batch sorted by label, so that an identity is a run of it; all of shape [batch].

    `order` are the pictures in sorted order, `place` is where each picture stands in it; `start`
    and `size` are each picture's own identity's run.
    """

    order: Tensor
    place: Tensor
    start: Tensor
    size: Tensor


def runs(labels: Tensor) -> Runs:
    """The runs of labels [batch]."""
    ordered, order = labels.sort(stable=True)
    start = torch.searchsorted(ordered, labels)
    size = torch.searchsorted(ordered, labels, right=True) - start
    return Runs(order, order.argsort(), start, size)


def sample_same(chance: Tensor, by: Runs) -> tuple[Tensor, Tensor]:
    """For every picture another one of its identity, and where there is one.

    `chance` [batch] is uniform in [0, 1).
    """
    others = by.size - 1
    pick = _floor(chance, others)
    pick = pick + (pick >= by.place - by.start)
    return by.order[(by.start + pick).clamp(max=len(chance) - 1)], others > 0


def sample_other(chance: Tensor, by: Runs, *members: Tensor) -> tuple[Tensor, Tensor]:
    """For every row a picture of none of the `members`' identities, and where there is one.

    `members` are picture indices [batch] whose identities differ within a row.
    """
    starts, rank = torch.stack([by.start[m] for m in members]).sort(0)
    sizes = torch.stack([by.size[m] for m in members]).gather(0, rank)
    left = len(chance) - sizes.sum(0)
    pick = _floor(chance, left)
    for start, size in zip(starts, sizes, strict=True):
        pick = pick + size * (pick >= start)
    return by.order[pick.clamp(max=len(chance) - 1)], left > 0


def _floor(chance: Tensor, choices: Tensor) -> Tensor:
    return torch.minimum((chance * choices).long(), choices - 1).clamp(min=0)
