"""Values that are each in their range, and mean nothing together: refused, or said once."""

import logging
from collections.abc import Sequence
from difflib import get_close_matches

import torch
from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.module import ReIDModule
from reid_lightning.engine.parameter_groups import parameter_groups, schedule_factor
from reid_lightning.errors import ReIDError
from reid_lightning.metrics import SCORES
from reid_lightning.models.backbones.ibn import IBN
from reid_lightning.models.cost import first_line
from reid_lightning.models.pooling import stripes
from reid_lightning.run.check_loss import check_loss, check_parts, loss_warnings
from reid_lightning.run.config_keys import LARGEST_RATE
from reid_lightning.run.processes import Processes
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
    processes: Processes,
    typed: Sequence[str],
) -> None:
    """Raise a `ReIDError` about what cannot be meant, and warn of what seldom is.

    Args:
        config, datamodule, module: what will be trained, and on what.
        processes: of the run.
        typed: the overrides of this run.
    """
    world_size = processes.world_size
    check_loss(module.criterion, datamodule, world_size)
    check_parts(module.criterion, module.model)
    if batch_limit(config.trainer, "train") == 0 or config.trainer.get("max_steps") == 0:
        raise ReIDError(
            "Nothing would be trained: trainer.limit_train_batches or trainer.max_steps is 0."
        )
    if config.trainer.get("sync_batchnorm") and any(isinstance(m, IBN) for m in module.modules()):
        raise ReIDError(
            "model.ibn=true has the batch's statistics of each process alone: leave "
            "trainer.sync_batchnorm out."
        )
    steps = len(datamodule.train_batches(0, world_size))
    _check_interval(config.trainer, steps)
    optimizer = _optimizer(module)
    factors = _check_schedule(config, module, optimizer)
    _check_monitors(config, module)
    map_size = _map_size(datamodule, module)
    check_validation(config, datamodule, processes)
    check_test(config, datamodule, processes)
    for warning in (
        *loss_warnings(module.criterion, datamodule, world_size, typed),
        *schedule_warnings(config, factors),
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
        made = module.optimizer(parameter_groups(module))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ReIDError(f"The optimizer cannot be made: {error} (group optimizer).") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise ReIDError(f"optimizer._target_ makes no torch optimizer, but {type(made).__name__}.")
    return made


def _check_schedule(
    config: DictConfig, module: ReIDModule, optimizer: torch.optim.Optimizer
) -> list[float]:
    """Refuse a schedule that trains nothing, or nothing that lasts; its factors over the run."""
    epochs = config.trainer.max_epochs
    if not isinstance(epochs, int) or epochs < 1:
        return []  # refused where the optimizer is made
    highest = max(float(group["lr"]) for group in optimizer.param_groups)
    factors = []
    for epoch in (epochs * i / _POINTS for i in range(_POINTS)):
        factor = schedule_factor(module.scheduler, epoch, epochs)
        if factor * highest > LARGEST_RATE:
            raise ReIDError(
                f"The scheduler raises the learning rate to {factor * highest:g} at epoch "
                f"{epoch:g}, and weights are lost above {LARGEST_RATE}: its factors of "
                "optimizer.lr are meant to be from 0 to 1."
            )
        factors.append(factor)
    if not any(factors):
        raise ReIDError("Nothing would be trained: the scheduler's learning rate is always 0.")
    return factors


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
    network = module.model
    picture = torch.zeros(1, 3, datamodule.height, datamodule.width)
    was_training = network.training
    try:
        with torch.no_grad():
            maps = network.eval().backbone(picture)
    except (RuntimeError, ValueError, AssertionError) as error:  # timm asserts the size
        raise ReIDError(
            f"The network takes no pictures of data.height={datamodule.height} × "
            f"data.width={datamodule.width}: {first_line(error)}."
        ) from error
    finally:
        network.train(was_training)
    size = tuple(maps.shape[2:])
    if 0 in size:
        raise ReIDError(
            f"Nothing is left of a picture of data.height={datamodule.height} × data.width="
            f"{datamodule.width} after the network's strides: raise them."
        )
    if maps.shape[1] != network.backbone.num_features:
        raise ReIDError(
            f"The backbone's maps have {maps.shape[1]} channels, and its num_features is "
            f"{network.backbone.num_features}."
        )
    if network.parts:
        stripes(maps, network.parts)  # which refuses more than there are rows
    return size
