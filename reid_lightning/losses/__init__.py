"""Losses: sampling, mining, the metric losses, the identity loss, and the criterion of them."""

from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.center import CenterLoss
from reid_lightning.losses.criterion import Criterion
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.recipes import (
    batch_all_criterion,
    pml_criterion,
    quadruplet_criterion,
    triplet_criterion,
)
from reid_lightning.losses.reduction import MetricTerms
from reid_lightning.losses.triplet import TripletLoss

__all__ = [
    "BatchAllLoss",
    "CenterLoss",
    "Criterion",
    "MetricTerms",
    "QuadrupletLoss",
    "TripletLoss",
    "batch_all_criterion",
    "pml_criterion",
    "quadruplet_criterion",
    "triplet_criterion",
]
