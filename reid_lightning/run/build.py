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
from reid_lightning.errors import ReIDError
from reid_lightning.run.glibc_memory import keep_large_blocks

_KEPT = ("model", "loss", "optimizer", "scheduler", "augmentation", "data", "trainer", "metric")


def kept_config(config: DictConfig) -> dict[str, Any]:
    """What every checkpoint keeps of a composed configuration, in plain values."""
    kept: dict[str, Any] = {n: OmegaConf.to_container(config[n], resolve=True) for n in _KEPT}
    return kept | {"seed": config.seed}


def build_module(config: DictConfig, num_classes: int) -> ReIDModule:
    """The LightningModule that a composed config, or one kept in a checkpoint, describes."""
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
    """The Trainer with its callbacks, and loggers: metrics.csv is always among them."""
    again = {} if resume_step is None else {"resume_step": resume_step}
    loggers = [instantiate(config.logger, **again)] if "logger" in config else []
    if loggers and not isinstance(loggers[0], MetricsCSV):
        loggers.append(MetricsCSV(HydraConfig.get().runtime.output_dir, **again))
    callbacks = [instantiate(c) for c in config.get("callbacks", {}).values()]
    bar = config.trainer.enable_progress_bar and sys.stdout.isatty()
    callbacks += [Progress()] if bar else []
    trainer: pl.Trainer = instantiate(
        config.trainer, logger=loggers, callbacks=callbacks, enable_progress_bar=bar
    )
    return trainer


def count_processes(config: DictConfig) -> int:
    """How many processes are to be started on this machine; also prepares a CPU run's memory.

    One where a launcher (torchrun, SLURM, or ourselves) has started them already.

    Raises:
        ReIDError: half precision or a synchronised BatchNorm that the device does not have.
    """
    # In full precision: Lightning would quietly choose another half for a CPU.
    probe: pl.Trainer = instantiate(
        config.trainer, logger=False, enable_checkpointing=False, precision="32-true"
    )
    if probe.strategy.root_device.type == "cpu":
        if str(config.trainer.precision) in ("16", "16-mixed", "16-true"):
            raise ReIDError(
                f"trainer.precision={config.trainer.precision} needs a GPU, and this run is on the "
                "CPU: use trainer.precision=bf16-mixed or 32-true."
            )
        if config.trainer.sync_batchnorm:
            raise ReIDError(
                "trainer.sync_batchnorm=true needs GPUs: torch's synchronised BatchNorm refuses "
                "the CPU."
            )
        keep_large_blocks()
    environment = getattr(probe.strategy, "cluster_environment", None)
    if environment is not None and environment.creates_processes_externally:
        return 1
    if probe.num_nodes > 1:
        raise ReIDError(
            f"trainer.num_nodes={probe.num_nodes} needs a launcher that starts the processes on "
            "every one of them, such as torchrun or srun."
        )
    return probe.num_devices
