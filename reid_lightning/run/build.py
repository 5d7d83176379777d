"""From a composed configuration to what Lightning runs."""

import sys
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.errors import MissingConfigException
from hydra.utils import get_method, instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger

from reid_lightning.data import ReIDDataModule
from reid_lightning.engine.callbacks import Progress
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.engine.module import ReIDModule
from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.losses import Criterion
from reid_lightning.metrics import ReIDMetric
from reid_lightning.models import Embedder
from reid_lightning.models.networks import network_name
from reid_lightning.results.groups import settings_digest
from reid_lightning.run.check_config import constructor, keys_beside
from reid_lightning.run.check_outputs import check_outputs
from reid_lightning.run.config_files import group_files
from reid_lightning.run.made import made
from reid_lightning.signatures import arguments_of

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
    # Of the network its name: evaluation imports nothing that a checkpoint names.
    name = network_name(get_method(kept["model"].pop("_target_")))
    composed: Any = OmegaConf.to_container(config, resolve=False)
    settings = settings_digest(composed)
    own: dict[str, Any] = {"seed": config.seed, "settings": settings, "version": config.version}
    if config.distill.checkpoint is not None:
        own["distill"] = OmegaConf.to_container(config.distill, resolve=True)
    return {"network": name, **kept, **own}


def build_datamodule(config: DictConfig, **sizes: int) -> ReIDDataModule:
    """The DataModule of a composed `data`; keys that its reader takes are the reader's alone.

    Args:
        config: of the group `data`.
        sizes: height and width, in place of the configured ones.

    Raises:
        ReIDError: the first of `data.join` is not the set that is scored.
    """
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    taken = arguments_of(constructor(plain["_target_"], "data")).hints
    for name in keys_beside(plain.get("reader")):
        if name not in taken:  # a reader may need the height, say, as well
            plain.pop(name, None)
    first, *others = plain.pop("join", None) or [None]
    chosen = HydraConfig.get().runtime.choices["data"] if first else None
    if first != chosen:
        raise ReIDError(
            f"data.join=[{','.join([first, *others])}] is scored on its first set: choose it, too, "
            f"by data={first} (it is data={chosen})."
        )
    joined = [build_datamodule(_composed_data(name)).folder for name in others]
    more = {"join": joined} if joined else {}  # which a DataModule of one's own may not take
    return made("data", plain | sizes, ReIDDataModule, **more)


def _composed_data(name: str) -> DictConfig:
    try:
        data: DictConfig = compose("train", [f"data={name}"])["data"]
    except MissingConfigException as error:
        known = unknown_name(name, group_files("data", None), "data=")
        raise ReIDError(f"data.join names {name}, and there is no data={name}: {known}") from error
    return data


def build_module(config: DictConfig, num_classes: int) -> ReIDModule:
    """The LightningModule that a composed configuration describes."""
    model = made("model", config.model, Embedder, num_classes=num_classes)
    sizes = {"num_classes": num_classes, "embedding_size": model.head_size}
    return ReIDModule(
        model,
        made("loss", config.loss, Criterion, **sizes),
        made("metric", config.metric, ReIDMetric, _convert_="all"),
        instantiate(config.optimizer),
        instantiate(config.scheduler, _convert_="all"),
        seed=config.seed,
        config=kept_config(config),
        cuda_graphs=config.cuda_graphs,
    )


def build_trainer(config: DictConfig, resume_step: int | None = None) -> pl.Trainer:
    """The Trainer with its callbacks, and loggers: metrics.csv is always among them.

    Args:
        config: the composed configuration.
        resume_step: steps that a resumed run has trained; none for a new run.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    check_no_implicit_checkpoint(folder)
    resumed = {} if resume_step is None else {"resume_step": resume_step}
    loggers: list[Logger] = []
    if config.get("logger"):
        kind: Any = Logger
        loggers.append(made("logger", config.logger, kind, _convert_="all", **resumed))
    if loggers and not isinstance(loggers[0], MetricsCSV):
        loggers.append(MetricsCSV(folder, **resumed))
    named_callbacks = {
        name: made(f"callbacks.{name}", callback, pl.Callback, _convert_="all")
        for name, callback in config.get("callbacks", {}).items()
        if callback
    }
    bar = config.trainer.enable_progress_bar and sys.stdout.isatty()
    callbacks = [*named_callbacks.values(), *([Progress()] if bar else [])]
    trainer = made(
        "trainer",
        config.trainer,
        pl.Trainer,
        _convert_="all",
        logger=loggers,
        callbacks=callbacks,
        enable_progress_bar=bar,
        default_root_dir=folder,  # else the working directory, where checkpoints of others may lie
    )
    check_outputs(trainer, named_callbacks, folder)
    # Its own handlers wait for other ranks, and hang; under SLURM they write other checkpoints.
    trainer._signal_connector.register_signal_handlers = lambda: None  # type: ignore[method-assign]
    return trainer


def check_no_implicit_checkpoint(folder: Path) -> None:
    """Raise a `ReIDError` if Lightning would load a checkpoint that nobody asked for.

    Under SLURM it loads the `hpc_ckpt_*.ckpt` of its root, for fit, test and predict.
    """
    if found := sorted(folder.glob("hpc_ckpt_*.ckpt")):
        raise ReIDError(
            f"{found[0]} would be loaded by Lightning in place of this run's own weights: remove "
            "it, or keep it elsewhere."
        )
