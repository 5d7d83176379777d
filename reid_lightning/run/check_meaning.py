"""Values that are each in their range, and mean nothing together: refused, or said once."""

import logging
from collections.abc import Sequence
from difflib import get_close_matches

import torch
from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.module import ReIDModule
from reid_lightning.engine.parameter_groups import checked_factor, parameter_groups
from reid_lightning.errors import ReIDError
from reid_lightning.metrics import SCORES
from reid_lightning.run.check_loss import check_loss, loss_warnings
from reid_lightning.run.scored_part import batch_limit, check_test, check_validation, is_validated
from reid_lightning.run.training_warnings import (
    callbacks_of,
    length_warnings,
    picture_warnings,
    rate_warnings,
    schedule_warnings,
)

log = logging.getLogger(__name__)

_POINTS = 200  # of a run, at which its schedule is looked at


def check_meaning(
    config: DictConfig,
    datamodule: ReIDDataModule,
    module: ReIDModule,
    world_size: int,
    typed: Sequence[str],
) -> None:
    """Raise a `ReIDError` about what cannot be meant, and warn of what seldom is.

    Args:
        config, datamodule, module: what will be trained, and on what.
        world_size: processes on all machines.
        typed: the overrides of this run.
    """
    check_loss(module.criterion, datamodule, world_size)
    if batch_limit(config.trainer, "train") == 0 or config.trainer.get("max_steps") == 0:
        raise ReIDError(
            "Nothing would be trained: trainer.limit_train_batches or trainer.max_steps is 0."
        )
    steps = len(datamodule.train_batches(0, world_size))
    _check_interval(config.trainer, steps)
    optimizer = _optimizer(module)
    _check_schedule(config, module)
    _check_monitors(config, module)
    map_size = _map_size(datamodule, module)
    check_validation(config, datamodule, world_size)
    check_test(config, datamodule, world_size)
    for warning in (
        *loss_warnings(module.criterion, datamodule, world_size, typed),
        *schedule_warnings(config),
        *rate_warnings(config, module.model.freeze_backbone_epochs, optimizer),
        *length_warnings(config, steps),
        *picture_warnings(config, datamodule, map_size),
    ):
        log.warning(warning)


def _check_interval(trainer: DictConfig, steps: int) -> None:
    """Refuse a validation every so many steps that an epoch has not; Lightning would raise."""
    limit, interval = batch_limit(trainer, "train"), trainer.get("val_check_interval")
    epoch = min(limit, steps) if isinstance(limit, int) else int(limit * steps)
    if isinstance(interval, int) and is_validated(trainer) and interval > epoch:
        raise ReIDError(
            f"trainer.val_check_interval={interval} must be at most {epoch}, the steps of "
            "an epoch; or a share of them, such as 0.5."
        )


def _optimizer(module: ReIDModule) -> torch.optim.Optimizer:
    try:
        return module.optimizer(parameter_groups(module))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ReIDError(f"The optimizer cannot be made: {error} (group optimizer).") from error


def _check_schedule(config: DictConfig, module: ReIDModule) -> None:
    epochs = config.trainer.max_epochs
    if not isinstance(epochs, int) or epochs < 1:
        return  # refused where the optimizer is made
    points = [epochs * i / _POINTS for i in range(_POINTS)]
    factors = [checked_factor(module.scheduler, epoch, epochs) for epoch in points]
    if not any(factors):
        raise ReIDError("Nothing would be trained: the scheduler's learning rate is always 0.")


def _check_monitors(config: DictConfig, module: ReIDModule) -> None:
    """Refuse a callback that waits for a score which nobody computes."""
    scores = [f"val/{name}" for name in (*SCORES, *module.val_metric.extra_scores)]
    for name, callback in callbacks_of(config).items():
        monitor = callback.get("monitor")
        # A loss, or a callback, of one's own may log others.
        if monitor is None or monitor in scores or monitor in ("step", "epoch"):
            continue
        is_score = str(monitor).startswith(("val/", "test/"))
        if is_score or (
            not str(monitor).startswith("train/") and get_close_matches(monitor, scores)
        ):
            raise ReIDError(
                f"callbacks.{name}.monitor={monitor} is never computed: it must be one of "
                f"{', '.join(scores)}, or a train/ column of metrics.csv."
            )
    for name, callback in callbacks_of(config).items():
        monitor, mode = str(callback.get("monitor")), callback.get("mode", "max")
        if mode != "max" and monitor.startswith("val/") and monitor[4:] in SCORES:
            raise ReIDError(
                f"callbacks.{name}.mode={mode} would keep the worst {monitor}: set it to max."
            )


def _map_size(datamodule: ReIDDataModule, module: ReIDModule) -> tuple[int, ...]:
    """Height and width of the backbone's map of a picture."""
    backbone = module.model.backbone
    picture = torch.zeros(1, 3, datamodule.height, datamodule.width)
    was_training = backbone.training
    try:
        with torch.no_grad():
            size = tuple(backbone.eval()(picture).shape[2:])
    except (RuntimeError, ValueError, AssertionError) as error:  # timm asserts the size
        first_line = str(error).partition("\n")[0]
        raise ReIDError(
            f"The network takes no pictures of data.height={datamodule.height} × "
            f"data.width={datamodule.width}: {first_line}."
        ) from error
    finally:
        backbone.train(was_training)
    if 0 in size:
        raise ReIDError(
            f"Nothing is left of a picture of data.height={datamodule.height} × data.width="
            f"{datamodule.width} after the network's strides: raise them."
        )
    return size
