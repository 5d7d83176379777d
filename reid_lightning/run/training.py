"""One training, from the sets' counts to metrics.json."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.counts import differences, split_counts
from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.engine.module import ReIDModule
from reid_lightning.files import load_file
from reid_lightning.results.metrics_json import write_results
from reid_lightning.results.tables import counts_table, score_table
from reid_lightning.run.build import build_trainer
from reid_lightning.run.resume import ResumePoint

log = logging.getLogger(__name__)


def train(
    config: DictConfig, datamodule: ReIDDataModule, module: ReIDModule, left: ResumePoint | None
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


def log_split_counts(datamodule: ReIDDataModule) -> None:
    """Print what the set holds, and warn where it is not the official one."""
    official, splits = datamodule.folder.read()
    counts = split_counts(official)
    log.info("\n%s", counts_table(datamodule.folder.title, counts))
    if found := differences(counts, datamodule.folder.expected or {}):
        log.warning("This is not the official %s: %s.", datamodule.folder.title, "; ".join(found))
    if splits is not official:
        log.info("\n%s", counts_table(f"{datamodule.folder.validated_on}:", split_counts(splits)))
