"""What training pulls on: mining, triplet, quadruplet, identity loss, the criterion they make."""

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
