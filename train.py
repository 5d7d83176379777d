"""Train a re-ID model and score it: `python train.py loss=semihard data=market1501`."""

import gc
import logging
import os
import sys
import traceback
from pathlib import Path

import hydra
import pytorch_lightning as pl
from hydra.utils import instantiate
from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.errors import ReIDError, check_at_least
from reid_lightning.run.build import build_module, count_processes, kept_config
from reid_lightning.run.command_line import own_command, run, silence_expected_warnings
from reid_lightning.run.launch_ranks import process_ranks
from reid_lightning.run.resume import (
    ResumePoint,
    find_results,
    find_resume_point,
    keep_max_epochs,
    resumed,
)
from reid_lightning.run.resume_sweep import check_same_job, resumed_sweep
from reid_lightning.run.training import best_score_of, log_split_counts, train
from reid_lightning.run.user_errors import CLEAR_ERRORS, failed_score, in_sweep, report_errors

log = logging.getLogger(__name__)

RESUMED = "Going on with the run in %s, after %d steps (%.3g epochs)."
FINISHED = (
    "The run in %s is finished: its %d epochs are trained, and metrics.json holds its scores."
)
LONGER = "Add trainer.max_epochs=N to train it for longer."
CUT_SHORT = (
    "The sweep ended before its jobs did ({}: {}). What they left is kept: "
    "python train.py -m resume_sweep=FOLDER goes on with it."
)


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(config: DictConfig) -> float:
    """One job: train, keep the best checkpoint by val/mAP, test it; returns that val/mAP."""
    silence_expected_warnings()
    gc.collect()  # a sweep's last job: its cycles would keep the device's memory
    with report_errors():
        return job(config)
    return failed_score()


def job(config: DictConfig) -> float:
    """Read, build, and train, in as many processes as are asked for."""
    if os.environ.get("LOCAL_RANK", "0") != "0":
        logging.disable(logging.INFO)
    left = None
    if config.resume:
        left = find_resume_point(Path(config.resume))
        if results := log_resume(config, left):
            return best_score_of(results)
    check_at_least("seed", config.seed, 0)
    pl.seed_everything(config.seed, verbose=False)
    datamodule: ReIDDataModule = instantiate(config.data)
    log_split_counts(datamodule)
    module = build_module(config, datamodule.num_classes)
    processes = count_processes(config)
    datamodule.train_batches(0, processes)  # so that a wrong p is told before any rank is started
    again = [f"resume='{config.resume}'"] if config.resume else []
    with process_ranks([*own_command(__file__), *again], processes):
        return train(config, datamodule, module, left)


def log_resume(config: DictConfig, left: ResumePoint) -> dict[str, float] | None:
    """Tell where a resumed run goes on; returns its results where nothing is left to do."""
    folder = Path(config.resume)
    if in_sweep() and left.config:
        check_same_job(folder, left.config, kept_config(config))
        # A job that was resumed by itself may have been given more epochs than its sweep.
        config.trainer.max_epochs = max(config.trainer.max_epochs, left.max_epochs)
    results = find_results(folder, left, config.trainer.max_epochs)
    if results:
        log.info(FINISHED if in_sweep() else f"{FINISHED} {LONGER}", folder, results["epochs"])
    else:
        log.info(RESUMED, folder, left.steps, left.epochs)
    keep_max_epochs(folder, config.trainer.max_epochs)
    return results


def start() -> None:
    """Start a run or a sweep, or go on with one."""
    given = resumed_sweep(resumed(sys.argv[1:]))
    sys.argv[1:] = sorted(given, key=lambda a: a not in ("-m", "--multirun"))  # Hydra: before keys
    try:
        main()
    except Exception as error:
        # Of a sweep, this is the launcher's or the sweeper's: a job's own does not come here.
        if not in_sweep() or isinstance(error, CLEAR_ERRORS):
            raise
        traceback.print_exc()
        first = str(error).partition("\n")[0]
        raise ReIDError(CUT_SHORT.format(type(error).__name__, first)) from error


if __name__ == "__main__":
    run(start)
