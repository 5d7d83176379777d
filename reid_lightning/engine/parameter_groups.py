"""The parameter groups of a training, and their learning rate over its steps."""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from reid_lightning.errors import ReIDError
from reid_lightning.signatures import check_call


def parameter_groups(module: Any) -> list[dict[str, list[nn.Parameter]]]:
    """The backbone's parameters, and all others that are trained: the head's and the criterion's.

    Args:
        module: with a `model` that has a `backbone`.
    """
    backbone = list(module.model.backbone.parameters())
    inside = {id(p) for p in backbone}
    head = [p for p in module.parameters() if id(p) not in inside and p.requires_grad]
    return [{"params": backbone}, {"params": head}]


def schedule_factor(factor: Callable[[float, int], float], epoch: float, epochs: int) -> float:
    """The factor of the learning rate after `epoch` of all `epochs`.

    Raises:
        ReIDError: it is no number, below 0, or not finite.
    """
    try:
        value = float(factor(epoch, epochs))
    except (ArithmeticError, TypeError, ValueError) as error:  # of a function of one's own
        raise ReIDError(
            f"scheduler._target_ gives no factor of optimizer.lr at epoch {epoch:g}: {error}."
        ) from error
    if not 0 <= value < math.inf:
        raise ReIDError(
            f"The scheduler's factor of optimizer.lr at epoch {epoch:g} is {value}: it must be a "
            "number of 0 or more."
        )
    return value


def lr_schedule(
    optimizer: Optimizer,
    factor: Callable[[float, int], float],
    *,
    epochs: int,
    steps_per_epoch: int,
    frozen_epochs: int,
) -> LambdaLR:
    """The schedule of an optimizer made from `parameter_groups`, advanced after every step.

    A frozen backbone gets a learning rate of zero instead of `requires_grad=False`: DDP fixes at
    the start which gradients it exchanges, and ranks would drift apart after unfreezing.

    Args:
        optimizer: its groups are the backbone and the head.
        factor: (epochs trained, all epochs) → factor of the learning rate.
        epochs: of the whole run.
        steps_per_epoch: optimizer steps in an epoch.
        frozen_epochs: for how long the backbone stays as it is.

    Raises:
        ReIDError: a factor is below 0, or not finite; or an argument that `factor` was made with
            is not as its annotation says.
    """
    if isinstance(factor, partial):
        check_call("scheduler", factor.func, factor.args, factor.keywords)
        # A plain one: Hydra's own checks what it may call in every step, which takes 0.3 ms.
        factor = partial(factor.func, *factor.args, **factor.keywords)

    @lru_cache(maxsize=1)  # both groups ask for it in every step
    def factor_at(step: int) -> float:
        return schedule_factor(factor, step / steps_per_epoch, epochs)

    def head_factor(step: int) -> float:  # of checkpoints: LambdaLR keeps all but plain functions
        return factor_at(step)

    def backbone_factor(step: int) -> float:
        return 0.0 if step / steps_per_epoch < frozen_epochs else head_factor(step)

    return LambdaLR(optimizer, [backbone_factor, head_factor])
