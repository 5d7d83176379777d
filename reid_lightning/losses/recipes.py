"""Criteria from the flat keys of `conf/loss/*.yaml`: what each file's `_target_` names.

`common` is what every criterion takes: the model's sizes, the weights, smoothing and gathering.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError
from reid_lightning.losses.batch_all import BatchAllLoss
from reid_lightning.losses.criterion import Criterion
from reid_lightning.losses.mining import Mining
from reid_lightning.losses.pml import PMLLoss
from reid_lightning.losses.quadruplet import QuadrupletLoss
from reid_lightning.losses.reduction import Margin
from reid_lightning.losses.triplet import TripletLoss


def triplet_criterion(
    *, mining: Mining, margin: Margin, distance: Distance, normalize: bool, **common: Any
) -> Criterion:
    """A triplet loss with one rule of mining beside the identity loss."""
    return Criterion(TripletLoss(mining, margin, distance, normalize=normalize), **common)


def batch_all_criterion(
    *, mining: str, margin: Margin, distance: Distance, normalize: bool, **common: Any
) -> Criterion:
    """The batch-all triplet loss beside the identity loss."""
    return Criterion(BatchAllLoss(mining, margin, distance, normalize=normalize), **common)


def quadruplet_criterion(
    *,
    mining: Mining,
    margin: float,
    margin2: float,
    distance: Distance,
    normalize: bool,
    **common: Any,
) -> Criterion:
    """The quadruplet loss beside the identity loss."""
    loss = QuadrupletLoss(mining, margin, margin2, distance, normalize=normalize)
    return Criterion(loss, **common)


def pml_criterion(
    *,
    metric: nn.Module | Callable[..., nn.Module],
    miner: nn.Module | None = None,
    num_classes: int,
    embedding_size: int,
    margin: float | None = None,
    **common: Any,
) -> Criterion:
    """Any loss and miner of pytorch-metric-learning beside the identity loss.

    Args:
        metric: the loss; one marked `_partial_: true` is given the model's `num_classes` and
            `embedding_size` (losses that have weights of their own).
        miner: picks what the loss sees, or none.
        num_classes, embedding_size: of the model.
        margin: for YAML files whose `metric` refers to it, so that sweeps can name loss.margin.
        common: as `Criterion` takes it.
    """
    if margin is not None and not isinstance(margin, float | int):
        raise ReIDError(f"loss.margin={margin} must be a number: the library knows no other.")
    if isinstance(metric, partial):
        metric = metric(num_classes=num_classes, embedding_size=embedding_size)
    loss = PMLLoss(metric, miner)
    return Criterion(loss, num_classes=num_classes, embedding_size=embedding_size, **common)
