"""From a composed configuration to what Lightning runs."""

import sys
from typing import Any

import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning.engine.callbacks import Progress
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.engine.module import ReIDModule

_KEPT_GROUPS = (
    "model",
    "loss",
    "optimizer",
    "scheduler",
    "augmentation",
    "data",
    "trainer",
    "metric",
)


def kept_config(config: DictConfig) -> dict[str, Any]:
    """The part of a composed configuration that every checkpoint keeps, as plain values."""
    kept: dict[str, Any] = {
        name: OmegaConf.to_container(config[name], resolve=True) for name in _KEPT_GROUPS
    }
    return kept | {"seed": config.seed, "version": config.version}


def build_module(config: DictConfig, num_classes: int) -> ReIDModule:
    """The LightningModule that a composed configuration describes."""
    model = instantiate(config.model, num_classes=num_classes)
    return ReIDModule(
        model,
        instantiate(config.loss, num_classes=num_classes, embedding_size=model.embedding_size),
        instantiate(config.metric),
        instantiate(config.optimizer),
        instantiate(config.scheduler),
        seed=config.seed,
        config=kept_config(config),
    )


def build_trainer(config: DictConfig, resume_step: int | None = None) -> pl.Trainer:
    """The Trainer with its callbacks, and loggers: metrics.csv is always among them.

    Args:
        config: the composed configuration.
        resume_step: steps that a resumed run has trained; none for a new run.
    """
    resumed = {} if resume_step is None else {"resume_step": resume_step}
    loggers = [instantiate(config.logger, **resumed)] if "logger" in config else []
    if loggers and not isinstance(loggers[0], MetricsCSV):
        loggers.append(MetricsCSV(HydraConfig.get().runtime.output_dir, **resumed))
    callbacks = [instantiate(c) for c in config.get("callbacks", {}).values()]
    bar = config.trainer.enable_progress_bar and sys.stdout.isatty()
    callbacks += [Progress()] if bar else []
    trainer: pl.Trainer = instantiate(
        config.trainer, logger=loggers, callbacks=callbacks, enable_progress_bar=bar
    )
    return trainer
