"""Score a checkpoint on any set: `python evaluate.py checkpoint=… data=market1501`."""

import logging
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import hydra
import pytorch_lightning as pl
from filelock import FileLock
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.set_folder import SetFolder
from reid_lightning.embedding_file import embedding_file, mapped
from reid_lightning.errors import ReIDError
from reid_lightning.extractor import Extractor
from reid_lightning.launch import process_ranks
from reid_lightning.metrics.summary import summary
from reid_lightning.report.per_query import write_per_query
from reid_lightning.report.results import write_results
from reid_lightning.report.spatial_temporal import plot_distributions
from reid_lightning.report.tables import score_table
from reid_lightning.retrieval import Retrieval, SpatialTemporal
from reid_lightning.scoring import columns_of, pictures_of, rank_pictures
from reid_lightning.trained import load_trained
from train import build_trainer, count_processes, one_sentence, own_command, run, tell_counts

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(config: DictConfig) -> float:
    """Rank the set's official query and gallery by the checkpoint's embeddings; returns mAP."""
    with one_sentence():
        return job(config)


def job(config: DictConfig) -> float:
    """Embed the pictures, or find them embedded; take the steps of `retrieval`; rank."""
    if OmegaConf.is_missing(config, "checkpoint"):
        raise ReIDError(
            "Name the checkpoint to score: python evaluate.py "
            "checkpoint=outputs/RUN/checkpoints/best.ckpt"
        )
    model, trained = load_trained(Path(config.checkpoint))
    for side in ("height", "width"):
        if config.data[side] is None:
            config.data[side] = trained.data[side]
    distance = config.metric.distance or trained.metric.distance
    datamodule: ReIDDataModule = instantiate(config.data)
    tell_counts(datamodule)
    retrieval = build_retrieval(config.retrieval, datamodule.folder)
    official = datamodule.folder.read()[0]
    samples = [*official.query, *official.gallery]
    file = embedding_file(
        Path(config.data.cache),
        Path(config.checkpoint),
        [s.path for s in samples],
        size=(config.data.height, config.data.width),
        how=f"{config.trainer.precision} flip={retrieval.flip}",
    )
    trainer = embed(config, Extractor(model, flip=retrieval.flip), datamodule, file, len(samples))
    if not trainer.is_global_zero:
        return 0.0
    started = time.perf_counter()
    embeddings = mapped(file, len(samples), model.embedding_size, shared=False)
    if (device := trainer.strategy.root_device).type == "cuda":
        embeddings = embeddings.to(device)
    queries = len(official.query)
    results, gallery = rank_pictures(
        pictures_of(official.query, embeddings[:queries]),
        pictures_of(official.gallery, embeddings[queries:]),
        retrieval,
        distance=distance,
        ap=config.metric.ap,
    )
    scores = {f"test/{name}": float(value) for name, value in summary(results, gallery).items()}
    log.info("\n%s", score_table(scores, data=config.data.name, ap=config.metric.ap))
    told = {
        "ap": config.metric.ap,
        "distance": distance,
        "retrieval": "+".join(config.retrieval) or "none",
        "data": config.data.name,
        "trained_on": trained.data.name,
        "checkpoint": str(config.checkpoint),
        "precision": str(config.trainer.precision),
        "ranking_seconds": round(time.perf_counter() - started, 2),
    }
    folder = Path(HydraConfig.get().runtime.output_dir)
    write_per_query(folder / "per_query.csv", official.query, results)
    if (learnt := retrieval.spatial_temporal) is not None:
        learnt.save(folder / "spatial_temporal.pt")
        plot_distributions(learnt.distributions, folder / "spatial_temporal.png")
    write_results(folder / "metrics.json", scores | told)
    log.info("Results: %s", folder)
    return scores["test/mAP"]


def build_retrieval(config: DictConfig, folder: SetFolder) -> Retrieval:
    """The steps that are asked for; time and place are learnt from the set's training pictures.

    Raises:
        ReIDError: time and place are asked for, and the set has no times.
    """
    steps = {name: value for name, value in config.items() if name != "spatial_temporal"}
    retrieval: Retrieval = instantiate(steps, _target_="reid_lightning.retrieval.Retrieval")
    if "spatial_temporal" not in config:
        return retrieval
    if folder.clock == "none":
        raise ReIDError(
            "retrieval=[spatial_temporal] needs times, and data.clock=none says that "
            f"{folder.title} has none: leave it out, or set data.clock=sequences where frame "
            "numbers are times."
        )
    if given := config.spatial_temporal.file:
        return replace(retrieval, spatial_temporal=SpatialTemporal.load(Path(given)))
    learnt = SpatialTemporal.fit(*columns_of(folder.read()[0].train))
    return replace(retrieval, spatial_temporal=learnt)


def embed(
    config: DictConfig, extractor: Extractor, datamodule: ReIDDataModule, file: Path, count: int
) -> pl.Trainer:
    """Make the file of the set's `count` embeddings, where it is not there already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Held by one of the processes for all: whoever else wants this file waits, and finds it.
    first = getattr(rank_zero_only, "rank", 0) == 0
    with FileLock(file.with_suffix(".lock")) if first else nullcontext():
        processes = count_processes(config)
        if made := file.exists():
            log.info("Embedded before: %s (it may be removed any time).", file)
        with process_ranks(own_command(__file__), 1 if made else processes):
            trainer = build_trainer(config)
            if not made:
                partial = file.with_suffix(".partial")
                extractor.rows = mapped(partial, count, extractor.model.embedding_size, shared=True)
                trainer.predict(extractor, datamodule, return_predictions=False)
                trainer.strategy.barrier()
                if trainer.is_global_zero:
                    partial.replace(file)
    return trainer


if __name__ == "__main__":
    run(main)
