"""What a run will do, and was perhaps not meant to: a sentence each, logged before it starts."""

from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig
from torch.optim import Optimizer

from reid_lightning.data import ReIDDataModule
from reid_lightning.run.scored_part import is_validated

_LONG_WARMUP = (
    "The learning rate never reaches optimizer.lr: the warm-up (scheduler.warmup_epochs={}) is not "
    "shorter than the run (trainer.max_epochs={}). Set scheduler.warmup_epochs={}."
)


def schedule_warnings(config: DictConfig, factors: Sequence[float]) -> Iterator[str]:
    """What the learning rate will, and will not, do in a run of this length: a sentence each.

    Args:
        config: the composed configuration.
        factors: of the learning rate, over the run.
    """
    if (highest := max(factors, default=0)) > 1:
        yield (
            f"The scheduler raises the learning rate above optimizer.lr, to {highest:g} times it."
        )
    schedule, epochs = config.scheduler, config.trainer.max_epochs
    warmup = schedule.get("warmup_epochs") or 0
    if isinstance(epochs, int) and 0 < epochs <= warmup:
        yield _LONG_WARMUP.format(warmup, epochs, epochs / 5)
    if 1 in (schedule.get("milestones") or ()):
        yield "A milestone of scheduler.milestones is 1, the run's end: it never takes effect."
    if schedule.get("start") == 1:
        yield "scheduler.start=1 is the run's end: the learning rate never decays."


def rate_warnings(config: DictConfig, frozen: int, optimizer: Optimizer) -> Iterator[str]:
    """About what is not trained: all of it, or the backbone, which is frozen for some epochs."""
    if not any(float(group["lr"]) for group in optimizer.param_groups):
        yield (
            "optimizer.lr=0 trains nothing: weights stay as they are, and only the averages of "
            "batch normalisation move."
        )
    epochs = config.trainer.max_epochs
    if isinstance(epochs, int) and 0 < epochs <= frozen:
        yield (
            f"The backbone is never trained: model.freeze_backbone_epochs={frozen} is not below "
            f"trainer.max_epochs={epochs}."
        )


def length_warnings(config: DictConfig, steps: int) -> Iterator[str]:
    """About what is to happen later than the run ends; `steps` are those of an epoch."""
    trainer: Any = config.trainer
    if not is_validated(trainer):
        yield (
            "Nothing will be validated (trainer.check_val_every_n_epoch is more than "
            "trainer.max_epochs, or trainer.limit_val_batches=0): the last epoch's weights are "
            "tested."
        )
    if not isinstance(trainer.max_epochs, int):
        return
    if (least := trainer.get("min_epochs") or 0) > trainer.max_epochs:
        yield (
            f"trainer.min_epochs={least} has no effect: trainer.max_epochs={trainer.max_epochs} "
            "ends the run before."
        )
    total = trainer.max_epochs * max(1, steps // (trainer.get("accumulate_grad_batches") or 1))
    if (every := config.get("checkpoint_every_n_steps") or 0) > total > 0:
        yield f"checkpoint_every_n_steps={every} has no effect: the run has {total} steps."
    for name, callback in callbacks_of(config).items():
        decay = callback.get("decay")
        if isinstance(decay, float) and total * (1 - decay) < 1:
            yield (
                f"callbacks.{name}.decay={decay} averages over more steps than the {total} of the "
                "run: the average stays near the first weights. Lower it, or train for longer."
            )


def callbacks_of(config: DictConfig) -> dict[str, DictConfig]:
    """The callbacks of a composed configuration, without those that are switched off by null."""
    callbacks = config.get("callbacks") or {}
    return {name: callback for name, callback in callbacks.items() if callback is not None}


def picture_warnings(
    config: DictConfig, datamodule: ReIDDataModule, map_size: tuple[int, ...]
) -> Iterator[str]:
    """About pictures that are too small or moved too far; `map_size` is that of the network."""
    height, width, augmentation = datamodule.height, datamodule.width, config.augmentation
    if set(map_size) == {1}:
        yield (
            f"The network's map of a picture of data.height={height} × data.width={width} has one "
            "position: where something is in a picture is lost. Raise them."
        )
    if round((augmentation.get("crop_padding") or 0) * height) >= min(height, width):
        yield (
            f"augmentation.crop_padding={augmentation.crop_padding}, a share of the height, can "
            "move a picture out of its frame: nothing but black is left of it."
        )
    if augmentation.get("flip") == 1:
        yield (
            "augmentation.flip=1 mirrors every training picture, and no picture is mirrored when "
            "it is scored: 0.5 mirrors half of them."
        )
