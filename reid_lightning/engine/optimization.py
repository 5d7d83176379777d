"""The optimizer of a training and the schedule of its learning rate, as Lightning takes them."""

import math
from typing import Any

import pytorch_lightning as pl

from reid_lightning.engine.parameter_groups import lr_schedule, parameter_groups
from reid_lightning.errors import ReIDError


def optimization(module: Any, trainer: pl.Trainer) -> dict[str, Any]:
    """The optimizer, and a schedule that moves with every step.

    Args:
        module: with a `model`, an `optimizer` of parameter groups and a `scheduler`.
        trainer: of the module.

    Raises:
        ReIDError: the schedule has no end, or the optimizer cannot be made.
    """
    epochs = trainer.max_epochs or -1
    if epochs < 1:
        raise ReIDError(f"trainer.max_epochs={epochs} must be 1 or more: schedules need an end.")
    _ = trainer.estimated_stepping_batches  # it loads the training data
    steps = max(1, math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches))
    try:
        optimizer = module.optimizer(parameter_groups(module))
    except (RuntimeError, ValueError) as error:  # about arguments that exclude one another
        raise ReIDError(f"The optimizer cannot be made: {error}") from error
    schedule = lr_schedule(
        optimizer,
        module.scheduler,
        epochs=epochs,
        steps_per_epoch=steps,
        frozen_epochs=module.model.freeze_backbone_epochs,
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
