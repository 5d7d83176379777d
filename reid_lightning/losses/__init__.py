"""Losses: sampling, mining, the metric losses, the identity loss, and the criterion of them."""

from reid_lightning.losses.criterion import Criterion
from reid_lightning.losses.recipes import (
    batch_all_criterion,
    pml_criterion,
    quadruplet_criterion,
    triplet_criterion,
)

__all__ = [
    "Criterion",
    "batch_all_criterion",
    "pml_criterion",
    "quadruplet_criterion",
    "triplet_criterion",
]
