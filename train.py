"""Train a re-ID model and score it: `python train.py loss=semihard data=market1501`."""

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.utils import instantiate
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from reid_lightning.callbacks import Progress
from reid_lightning.csv_log import MetricsCSV
from reid_lightning.data import ReIDDataModule
from reid_lightning.data.counts import differences, split_counts
from reid_lightning.errors import ReIDError, check_at_least, sentence
from reid_lightning.launch import process_ranks
from reid_lightning.loggers import finish_wandb
from reid_lightning.memory import keep_large_blocks
from reid_lightning.models.weights import load_file
from reid_lightning.module import ReIDModule
from reid_lightning.report.results import write_results
from reid_lightning.report.tables import counts_table, score_table
from reid_lightning.resume import (
    Left,
    keep_max_epochs,
    results_of,
    resumed,
    run_arguments,
    what_is_left,
)

log = logging.getLogger(__name__)

RESUMED = "Going on with the run in %s, after %d steps (%.3g epochs)."
FINISHED = (
    "The run in %s is finished: its %d epochs are trained, and metrics.json holds its scores. "
    "Add trainer.max_epochs=N to train it for longer."
)

KEPT = ("model", "loss", "optimizer", "scheduler", "augmentation", "data", "trainer", "metric")


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(config: DictConfig) -> float:
    """One job: train, keep the best checkpoint by val/mAP, test it; returns that val/mAP."""
    with one_sentence():
        return job(config)


def job(config: DictConfig) -> float:
    """Read, build, and train, in as many processes as are asked for."""
    if os.environ.get("LOCAL_RANK", "0") != "0":
        logging.disable(logging.INFO)
    left = None
    if config.resume:
        left = what_is_left(Path(config.resume))
        if results := results_of(Path(config.resume), left, config.trainer.max_epochs):
            log.info(FINISHED, config.resume, config.trainer.max_epochs)
            return best_score_of(results)
        log.info(RESUMED, config.resume, left.steps, left.epochs)
        keep_max_epochs(Path(config.resume), config.trainer.max_epochs)
    check_at_least("seed", config.seed, 0)
    pl.seed_everything(config.seed, verbose=False)
    datamodule: ReIDDataModule = instantiate(config.data)
    tell_counts(datamodule)
    module = build_module(config, datamodule.num_classes)
    processes = count_processes(config)
    datamodule.train_batches(0, processes)  # so that a wrong p is told before any rank is started
    again = [f"resume='{config.resume}'"] if config.resume else []
    with process_ranks([*own_command(__file__), *again], processes):
        return train(config, datamodule, module, left)


def train(
    config: DictConfig, datamodule: ReIDDataModule, module: ReIDModule, left: Left | None
) -> float:
    """Fit, test the best checkpoint on the official query and gallery, write metrics.json.

    Args:
        config, datamodule, module: what is trained, and on what.
        left: where a resumed run goes on.

    Returns:
        The best val/mAP, for sweeps to choose by; test/mAP only where nothing was validated.
    """
    trainer = build_trainer(config, left.steps if left else None)
    folder = Path(HydraConfig.get().runtime.output_dir)
    started = time.perf_counter()
    trainer.fit(module, datamodule, ckpt_path=left.checkpoint if left else None)
    seconds = time.perf_counter() - started
    speed = trainer.callback_metrics.get("train/images_per_second")
    best = trainer.checkpoint_callback
    best_path = getattr(best, "best_model_path", "")
    score = getattr(best, "best_model_score", None)
    best_score = None if score is None else float(score)
    if not best_path:
        log.warning("Nothing was validated: the last epoch's weights are tested.")
    else:  # by ourselves: Lightning's callback that averages weights would give back the others
        module.load_state_dict(load_file(Path(best_path))["state_dict"])
    trainer.test(module, datamodule, verbose=False)
    scores = module.test_scores
    if trainer.is_global_zero:
        if best_path:
            log.info(
                "Best checkpoint by val/mAP (%s): %s", datamodule.folder.validated_on, best_path
            )
        log.info("\n%s", score_table(scores, data=datamodule.folder.title, ap=config.metric.ap))
        results = scores | {
            "ap": config.metric.ap,
            "data": datamodule.folder.title,
            "validated_on": datamodule.folder.validated_on,
            "distance": module.test_metric.distance,
            "val/mAP": best_score,
            "seed": config.seed,
            "precision": str(trainer.precision),
            "processes": trainer.world_size,
            "epochs": trainer.current_epoch,
            "seconds": round(seconds, 1),
            "images_per_second": None if speed is None else round(float(speed), 1),
        }
        write_results(folder / "metrics.json", results)
        log.info("Results: %s", folder)
    finish_wandb()
    return best_score_of(scores | {"val/mAP": best_score})


def best_score_of(results: Mapping[str, float | None]) -> float:
    """The best val/mAP; test/mAP only where nothing was validated."""
    score = results["val/mAP"]
    return float(results["test/mAP"] or 0.0) if score is None else score


def tell_counts(datamodule: ReIDDataModule) -> None:
    """Print what the set holds, and warn where it is not the official one."""
    official, splits = datamodule.folder.read()
    counts = split_counts(official)
    log.info("\n%s", counts_table(datamodule.folder.title, counts))
    if found := differences(counts, datamodule.folder.expected or {}):
        log.warning("This is not the official %s: %s.", datamodule.folder.title, "; ".join(found))
    if splits is not official:
        log.info("\n%s", counts_table(f"{datamodule.folder.validated_on}:", split_counts(splits)))


def build_module(config: DictConfig, num_classes: int) -> ReIDModule:
    """The LightningModule that a composed config, or one kept in a checkpoint, describes."""
    kept = {name: OmegaConf.to_container(config[name], resolve=True) for name in KEPT}
    model = instantiate(config.model, num_classes=num_classes)
    return ReIDModule(
        model,
        instantiate(config.loss, num_classes=num_classes, embedding_size=model.embedding_size),
        instantiate(config.metric),
        instantiate(config.optimizer),
        instantiate(config.scheduler),
        seed=config.seed,
        config=kept | {"seed": config.seed},
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


def own_command(script: str) -> list[str]:
    """The command line that runs this job, and no other of a sweep, as a further rank."""
    arguments = run_arguments(HydraConfig.get().runtime.output_dir)
    return [sys.executable, str(Path(script).absolute()), *arguments, "hydra/job_logging=stdout"]


# What Lightning warns of and is meant to be so: scores are equal on all ranks already, batches go
# on in mid-epoch though their loader has no state, a resumed run finds its own checkpoints, and a
# deprecation inside Lightning itself.
EXPECTED_WARNINGS = (
    "It is recommended to use `self.log",
    "You're resuming from a checkpoint that ended",
    "Checkpoint directory",
    ".*LeafSpec",
    ".*custom batch sampler",
    "predict returned None",
)


# Errors of the libraries that say well enough what the user should change.
TOLD_WELL = (HydraException, OmegaConfBaseException, MisconfigurationException)


@contextmanager
def one_sentence() -> Iterator[None]:
    """End in one sentence, in the log too, where the user can put right what went wrong."""
    try:
        yield
    except Exception as error:
        known = isinstance(error, TOLD_WELL)
        told = sentence(error) or (" ".join(str(error).split()) if known else None)
        if told is None:
            raise
        log.error("Error: %s", told)
        sys.exit(1)


def start() -> None:
    """Start a run, or go on with one."""
    given = resumed(sys.argv[1:])
    sys.argv[1:] = sorted(given, key=lambda a: a not in ("-m", "--multirun"))  # Hydra: before keys
    main()


def run(main: Any) -> None:
    """Run an entry point."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra shows half a traceback itself
    with one_sentence():
        main()


if __name__ == "__main__":
    run(start)
