"""The criteria that `_target_` of `conf/loss/*.yaml` names, built from the flat keys of the file.

`common` holds the arguments of `Criterion` itself: the model's sizes, the weights of the terms,
label smoothing and gathering. The others are those of the metric loss.
"""

from collections.abc import Callable
from functools import partial

from torch import nn
from typing_extensions import Unpack

from reid_lightning.distances import Distance
from reid_lightning.losses.batch_all import BatchAllLoss, BatchAllMining
from reid_lightning.losses.criterion import CommonTerms, Criterion
from reid_lightning.losses.mining import Mining
from reid_lightning.losses.pml import PMLLoss
from reid_lightning.losses.quadruplet import QuadrupletLoss, QuadrupletMining
from reid_lightning.losses.reduction import Margin
from reid_lightning.losses.triplet import TripletLoss
from reid_lightning.signatures import NonNegative, checked


@checked("loss")
def triplet_criterion(
    *,
    mining: Mining,
    margin: Margin,
    distance: Distance,
    normalize: bool,
    **common: Unpack[CommonTerms],
) -> Criterion:
    """The identity loss and a triplet loss over mined triplets."""
    return Criterion(TripletLoss(mining, margin, distance, normalize=normalize), **common)


@checked("loss")
def batch_all_criterion(
    *,
    mining: BatchAllMining,
    margin: Margin,
    distance: Distance,
    normalize: bool,
    **common: Unpack[CommonTerms],
) -> Criterion:
    """The identity loss and the triplet loss over all triplets."""
    return Criterion(BatchAllLoss(mining, margin, distance, normalize=normalize), **common)


@checked("loss")
def quadruplet_criterion(
    *,
    mining: QuadrupletMining,
    margin: NonNegative,
    margin2: NonNegative,
    distance: Distance,
    normalize: bool,
    **common: Unpack[CommonTerms],
) -> Criterion:
    """The identity loss and the quadruplet loss."""
    loss = QuadrupletLoss(mining, margin, margin2, distance, normalize=normalize)
    return Criterion(loss, **common)


@checked("loss")
def pml_criterion(
    *,
    metric: nn.Module | Callable[..., nn.Module],
    miner: nn.Module | None = None,
    margin: NonNegative | None = None,
    **common: Unpack[CommonTerms],
) -> Criterion:
    """The identity loss and any loss and miner of pytorch-metric-learning.

    Args:
        metric: the loss. A loss with weights of its own is marked `_partial_: true` in the YAML
            and called here with `num_classes` and `embedding_size`.
        miner: picks the pairs or triplets for the loss; None: all of the batch.
        margin: checked only: `metric` or `miner` in the YAML refers to loss.margin, so that
            sweeps can name it.
        common: the other arguments of `Criterion`.

    Raises:
        ReIDError: `margin` is no number of 0 or more.
    """
    if isinstance(metric, partial):
        sizes = common["num_classes"], common["embedding_size"]
        metric = metric(num_classes=sizes[0], embedding_size=sizes[1])
    return Criterion(PMLLoss(metric, miner), **common)
