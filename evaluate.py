"""Score a checkpoint on any set: `python evaluate.py checkpoint=… data=market1501`."""

import logging
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.launch import process_ranks
from reid_lightning.models.weights import load_file
from reid_lightning.report.results import write_results
from reid_lightning.report.tables import score_table
from train import (
    build_module,
    build_trainer,
    count_processes,
    one_sentence,
    own_command,
    run,
    tell_counts,
)

log = logging.getLogger(__name__)

NO_LOSS = {
    "_target_": "reid_lightning.losses.Criterion",
    "metric": None,
    "label_smoothing": 0.0,
}
ADAM = {"_target_": "torch.optim.Adam", "_partial_": True}
CONSTANT = {"_target_": "reid_lightning.schedules.constant", "_partial_": True}


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(config: DictConfig) -> float:
    """Rank the set's official query and gallery by the checkpoint's embeddings; returns mAP."""
    with one_sentence():
        return job(config)


def job(config: DictConfig) -> float:
    """Rebuild the model from the checkpoint alone, and test it."""
    if OmegaConf.is_missing(config, "checkpoint"):
        raise ReIDError(
            "Name the checkpoint to score: python evaluate.py "
            "checkpoint=outputs/RUN/checkpoints/best.ckpt"
        )
    checkpoint = load_checkpoint(Path(config.checkpoint))
    trained = OmegaConf.create(checkpoint["hyper_parameters"])
    for side in ("height", "width"):
        if config.data[side] is None:
            config.data[side] = trained.data[side]
    trained.model.update(weights="none", compile=False)
    config.metric.distance = config.metric.distance or trained.metric.distance
    # Only the model is the checkpoint's own; nothing else is trained with here.
    trained.update(metric=config.metric, loss=NO_LOSS, optimizer=ADAM, scheduler=CONSTANT)
    datamodule = instantiate(config.data)
    tell_counts(datamodule)
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith("model.")
    }
    module = build_module(trained, num_classes=len(weights["classifier.weight"]))
    module.model.load_state_dict(weights)
    with process_ranks(own_command(__file__), count_processes(config)):
        trainer = build_trainer(config)
        trainer.test(module, datamodule, verbose=False)
    if trainer.is_global_zero:
        log.info(
            "\n%s", score_table(module.test_scores, data=config.data.name, ap=config.metric.ap)
        )
        told = {
            "ap": config.metric.ap,
            "distance": config.metric.distance,
            "data": config.data.name,
            "trained_on": trained.data.name,
            "checkpoint": str(config.checkpoint),
            "precision": str(trainer.precision),
        }
        folder = Path(HydraConfig.get().runtime.output_dir)
        write_results(folder / "metrics.json", module.test_scores | told)
        log.info("Results: %s", folder)
    return module.test_scores["test/mAP"]


def load_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint that train.py left.

    Raises:
        ReIDError: there is none at `path`, or it is no checkpoint of ours.
    """
    if not path.is_file():
        raise ReIDError(f"The checkpoint {path} does not exist.")
    content = load_file(path)
    if "hyper_parameters" not in content or "model" not in content["hyper_parameters"]:
        raise ReIDError(
            f"{path} is not a checkpoint of reid-lightning (it holds no configuration): train with "
            "model.weights=FILE to start from other weights."
        )
    if not str(content["hyper_parameters"]["model"].get("_target_")).startswith("reid_lightning."):
        raise ReIDError(f"{path} names a model that is not reid-lightning's: it is not loaded.")
    return content


if __name__ == "__main__":
    run(main)
