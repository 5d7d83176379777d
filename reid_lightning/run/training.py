"""One training, from the composed configuration to metrics.json."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.counts import camera_count
from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.engine.module import ReIDModule
from reid_lightning.errors import ReIDError
from reid_lightning.results.metrics_json import arithmetic, write_results
from reid_lightning.results.status import read_status_file, write_progress, write_status
from reid_lightning.results.tables import score_table
from reid_lightning.run.build import build_datamodule, build_module, build_trainer
from reid_lightning.run.calibrate import calibrate_again, calibrate_run
from reid_lightning.run.check_meaning import check_meaning
from reid_lightning.run.command_line import rank_command
from reid_lightning.run.config_keys import check_training_config
from reid_lightning.run.failing_part import parts_named_in_errors
from reid_lightning.run.glibc_memory import keep_large_blocks
from reid_lightning.run.launch_ranks import run_ranks
from reid_lightning.run.load_teacher import load_teacher
from reid_lightning.run.log_cost import log_cost
from reid_lightning.run.paths import quoted
from reid_lightning.run.processes import plan_processes
from reid_lightning.run.resume import ResumePoint, find_resume_point, load_weights_of_run
from reid_lightning.run.resume_job import resume_job
from reid_lightning.run.scored_part import is_validated
from reid_lightning.run.split_counts import log_split_counts
from reid_lightning.run.sweep_log import RESULT, log_results_folder

log = logging.getLogger(__name__)

_MAX_TIME_USED = (
    "Nothing was trained: the run has used up its trainer.max_time=%s, which counts over all its "
    "parts. To train on, raise it in %s/.hydra/config.yaml."
)
_HARDWARE = "Training on: %s (threads per process: %d; CPU instructions: %s)."


@parts_named_in_errors
def run_training(config: DictConfig) -> float:
    """Train a new run, or continue one, in as many processes as are configured.

    Returns:
        The monitored score (val/mAP by default), for sweeps to choose by; test/mAP where nothing
        was validated.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    check_training_config(config)
    resume_point = None
    if config.resume:
        config, resume_point, results = resume_job(config)
        if results:
            if config.data.get("val_identities"):
                rank_zero_only(calibrate_again)(Path(config.resume), lambda: _build(config))
            rank_zero_only(write_status)(Path(config.resume), "finished")
            return best_score(results)
    processes = plan_processes(config)  # first: a missing GPU is said before pictures are read
    datamodule, module = _build(config, teacher=True)
    log_split_counts(datamodule.folder)
    # Reported here, before ranks are started.
    module.criterion.check_processes(processes.count)
    typed = HydraConfig.get().overrides.task
    check_meaning(config, datamodule, module, processes, typed)
    folder = Path(HydraConfig.get().runtime.output_dir)
    if processes.count == 1:
        if processes.on_cpu:
            keep_large_blocks()
        score = fit_and_test(config, datamodule, module, resume_point)
    else:
        resume = [f"resume={quoted(config.resume)}"] if config.resume else []
        commands = [[*rank_command("train", rank), *resume] for rank in range(processes.count)]
        run_ranks(commands, torch.get_num_threads())
        score = read_status_file(folder)["score"]
    rank_zero_only(write_status)(folder, "finished")
    log_results_folder(folder)
    return score


@parts_named_in_errors
def train_rank(config: DictConfig) -> None:
    """One rank's part of a training whose supervisor has checked, or resumed, the run."""
    resume_point = find_resume_point(Path(config.resume)) if config.resume else None
    if plan_processes(config).on_cpu:
        keep_large_blocks()
    fit_and_test(config, *_build(config, teacher=True), resume_point)


def _build(config: DictConfig, *, teacher: bool = False) -> tuple[ReIDDataModule, ReIDModule]:
    """What is trained, and on what; with the teacher, if there is one and it is needed."""
    pl.seed_everything(config.seed, verbose=False)
    datamodule = build_datamodule(config.data)
    module = build_module(config, datamodule.num_classes)
    if teacher:  # after the student, which then begins with the weights of one without a teacher
        module.teacher = load_teacher(config.distill, datamodule)
    return datamodule, module


def fit_and_test(
    config: DictConfig,
    datamodule: ReIDDataModule,
    module: ReIDModule,
    resume_point: ResumePoint | None,
) -> float:
    """Fit, test the best checkpoint on the official query and gallery, write metrics.json.

    Args:
        config, datamodule, module: what is trained, and on what.
        resume_point: where a resumed run continues; none for a new run.

    Returns:
        As `run_training`; it is written into status.json, too.
    """
    trainer = build_trainer(config, resume_point.steps if resume_point else None)
    device = trainer.strategy.root_device
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    log.info(_HARDWARE, hardware, *arithmetic().values())
    if is_validated(config.trainer):
        log.info("Validated on: %s.", datamodule.folder.validated_on)
    if module.teacher is not None:
        teachers = config.distill.checkpoint
        listed = [teachers] if isinstance(teachers, str) else teachers
        log.info("Learning from: %s.", ", ".join(map(str, listed)))
    cost = log_cost(module.model, datamodule, device)
    started = time.perf_counter()
    checkpoint = resume_point.checkpoint if resume_point else None
    if checkpoint:
        load_weights_of_run(checkpoint, module)  # an error here, and not in Lightning's own words
    trainer.fit(module, datamodule, ckpt_path=checkpoint)
    seconds = time.perf_counter() - started
    if trainer.global_step == 0:
        raise ReIDError(
            "Nothing was trained: the run ended before its first step (trainer.max_time?)."
        )
    limit = config.trainer.get("max_time")
    if limit and resume_point and trainer.global_step == resume_point.steps:
        log.warning(_MAX_TIME_USED, limit, config.resume)
    speed = trainer.callback_metrics.get("train/images_per_second")
    best = trainer.checkpoint_callback
    best_path = getattr(best, "best_model_path", "")
    monitor = getattr(best, "monitor", None) or "val/mAP"
    best_value = getattr(best, "best_model_score", None)
    if best_path:  # loaded here: Lightning's callback that averages weights would restore others
        module.load_state_dict(load_weights_of_run(Path(best_path), module))
    elif is_validated(config.trainer):  # else said before the training
        log.warning("No best checkpoint was saved: the last epoch's weights are tested.")
    trainer.test(module, datamodule, verbose=False)
    title = datamodule.folder.title + _part(trainer.limit_test_batches)
    validated_on = datamodule.folder.validated_on + _part(trainer.limit_val_batches)
    results = module.test_scores | {
        "ap": config.metric.ap,
        "data": title,
        "cameras": camera_count(datamodule.folder.official),
        "validated_on": validated_on,
        "distance": module.test_metric.distance,
        "monitor": monitor,
        "val/mAP": None,
        monitor: None if best_value is None else float(best_value),
        **cost._asdict(),
        "seed": config.seed,
        "precision": str(trainer.precision),
        "device": hardware,
        "processes": trainer.world_size,
        "epochs": trainer.current_epoch,
        "seconds": round(seconds, 1),
        "images_per_second": None if speed is None else round(float(speed), 1),
    }
    if trainer.is_global_zero:
        if best_path:
            log.info("Best checkpoint by %s (%s): %s", monitor, validated_on, best_path)
        table = score_table(module.test_scores, data=title, ap=config.metric.ap)
        log.info("\n%s", table, extra=RESULT)
        folder = Path(HydraConfig.get().runtime.output_dir)
        write_results(folder / "metrics.json", results)
        progress = {"epochs": trainer.current_epoch, "steps": trainer.global_step}
        write_progress(folder, **progress, score=best_score(results))
        if best_path:
            calibrate_run(folder, datamodule, module.model, device)
    finish_wandb()
    return best_score(results)


def best_score(results: Mapping[str, Any]) -> float:
    """The monitored score of a run's results; test/mAP where nothing was validated."""
    score = results[results["monitor"]]
    return float(results["test/mAP"] if score is None else score)


def _part(limit: float) -> str:
    """What stands beside the scores of a limited number of batches."""
    return "" if limit == 1.0 and isinstance(limit, float) else f" (a part: {limit} of its batches)"
