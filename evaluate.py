"""Score a checkpoint on any set: `python evaluate.py checkpoint=… data=market1501`."""

import logging
import os
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import hydra
import pytorch_lightning as pl
import torch
from filelock import FileLock
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.engine.extractor import Extractor
from reid_lightning.errors import ReIDError, check_at_least
from reid_lightning.metrics.summary import summary
from reid_lightning.results.findings import FILE, find, write_findings
from reid_lightning.results.metrics_json import write_results
from reid_lightning.results.per_query import write_per_query
from reid_lightning.results.tables import score_table
from reid_lightning.retrieval import Retrieval, SpatialTemporal
from reid_lightning.run.build import build_trainer, count_processes
from reid_lightning.run.command_line import own_command, run
from reid_lightning.run.launch_ranks import process_ranks
from reid_lightning.run.load_trained import load_trained
from reid_lightning.run.training import log_split_counts
from reid_lightning.run.user_errors import failed_score, report_errors
from reid_lightning.scoring.embedding_cache import embedding_file, is_made, mapped, reserve
from reid_lightning.scoring.rank_sets import check_finite, columns_of, embedded_set, rank_sets

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(config: DictConfig) -> float:
    """Rank the set's official query and gallery by the checkpoint's embeddings; returns mAP."""
    with report_errors():
        return job(config)
    return failed_score()


def job(config: DictConfig) -> float:
    """Embed the pictures, or find them embedded; take the steps of `retrieval`; rank."""
    if os.environ.get("LOCAL_RANK", "0") != "0":
        logging.disable(logging.INFO)
    if OmegaConf.is_missing(config, "checkpoint"):
        raise ReIDError(
            "Name the checkpoint to score: python evaluate.py "
            "checkpoint=outputs/RUN/checkpoints/best.ckpt"
        )
    check_at_least("findings.queries", config.findings.queries, 0)
    check_at_least("findings.length", config.findings.length, 1)
    model, trained = load_trained(Path(config.checkpoint))
    for side in ("height", "width"):
        if config.data[side] is None:
            config.data[side] = trained.data[side]
    distance = config.metric.distance or trained.metric.distance
    datamodule: ReIDDataModule = instantiate(config.data)
    log_split_counts(datamodule)
    retrieval = build_retrieval(config.retrieval, datamodule.folder)
    official = datamodule.folder.read()[0]
    samples = [*official.query, *official.gallery]
    file = embedding_file(
        Path(config.data.cache),
        Path(config.checkpoint),
        [s.path for s in samples],
        size=(config.data.height, config.data.width),
        how=f"{config.trainer.precision} {torch.cuda.is_available()} flip={retrieval.flip}",
    )
    extractor = Extractor(model, flip=retrieval.flip)
    trainer, made = embed(config, extractor, datamodule, file, len(samples))
    if not trainer.is_global_zero:
        return 0.0
    started = time.perf_counter()
    embeddings = mapped(file, len(samples), model.embedding_size, shared=False)
    if (device := trainer.strategy.root_device).type == "cuda":
        embeddings = embeddings.to(device)
    queries = len(official.query)
    ranked = (
        embedded_set(official.query, embeddings[:queries]),
        embedded_set(official.gallery, embeddings[queries:]),
        retrieval,
    )
    results, count = rank_sets(*ranked, distance=distance, ap=config.metric.ap)
    scores = {f"test/{name}": float(value) for name, value in summary(results, count).items()}
    ranking_seconds = round(time.perf_counter() - started, 2)
    log.info("\n%s", score_table(scores, data=config.data.name, ap=config.metric.ap))
    told = {
        "ap": config.metric.ap,
        "distance": distance if retrieval.spatial_temporal is None else "cosine",
        "retrieval": "+".join(config.retrieval) or "none",
        "data": config.data.name,
        "trained_on": trained.data.name,
        "checkpoint": str(config.checkpoint),
        "precision": str(config.trainer.precision),
        "embedded_before": made,
        "ranking_seconds": ranking_seconds,
    }
    folder = Path(HydraConfig.get().runtime.output_dir)
    write_per_query(folder / "per_query.csv", official.query, results)
    if (learnt := retrieval.spatial_temporal) is not None:
        # Imported here: no other evaluation waits for matplotlib.
        from reid_lightning.report.figures.transit_plot import plot_distributions

        learnt.save(folder / "spatial_temporal.pt")
        plot_distributions(learnt.distributions, folder / "spatial_temporal.png")
    write_results(folder / "metrics.json", scores | told)
    findings = find(
        *ranked,
        results,
        (official.query, official.gallery),
        distance=distance,
        ap=config.metric.ap,
        queries=config.findings.queries,
        length=config.findings.length,
    )
    write_findings(folder / FILE, findings)
    log.info("Results: %s", folder)
    return scores["test/mAP"]


def build_retrieval(config: DictConfig, folder: DatasetFolder) -> Retrieval:
    """The steps that are asked for; time and place are learnt from the set's training pictures.

    Raises:
        ReIDError: time and place are asked for, and the set, or a part of it, has no times.
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
    official = folder.read()[0]
    scored = [*official.query, *official.gallery]
    if any(sample.time is None for sample in scored):
        raise ReIDError(
            "retrieval=[spatial_temporal] needs a time of every picture, and those of "
            "data.extra_gallery have none: leave one of the two out."
        )
    if given := config.spatial_temporal.file:
        learnt = SpatialTemporal.load(Path(given))
        cameras = 1 + max(sample.camid for sample in scored)
        if len(learnt.distributions) < cameras:
            raise ReIDError(
                f"retrieval.spatial_temporal.file={given} knows {len(learnt.distributions)} "
                f"cameras, and {folder.title} has {cameras}: it was learnt from another set."
            )
    else:
        learnt = SpatialTemporal.fit(*columns_of(official.train))
    return replace(retrieval, spatial_temporal=learnt)


def embed(
    config: DictConfig, extractor: Extractor, datamodule: ReIDDataModule, file: Path, count: int
) -> tuple[pl.Trainer, bool]:
    """Make the file of the set's `count` embeddings; true where it was there already.

    Raises:
        ReIDError: a launcher has started several processes, an embedding is not finite, or the file
            cannot be written.
    """
    # A file that all processes write has to be on one machine, and they must agree that it is new.
    first = getattr(rank_zero_only, "rank", 0) == 0
    if config.trainer.get("num_nodes", 1) > 1 or (
        first and int(os.environ.get("WORLD_SIZE", "1")) > 1
    ):
        raise ReIDError(
            "evaluate.py starts its own processes on one machine: run it without torchrun or srun, "
            "with trainer.devices=N."
        )
    size = extractor.model.embedding_size
    # Held by one of the processes for all: whoever else wants this file waits, and finds it.
    with FileLock(file.with_suffix(".lock")) if first else nullcontext():
        processes = count_processes(config)
        if made := is_made(file, count, size):
            log.info("Embedded before: %s (it may be removed any time).", file)
        partial = file.with_suffix(".partial")
        if first and not made:
            reserve(partial, count, size)
        with process_ranks(own_command(__file__), 1 if made else processes):
            trainer = build_trainer(config)
            if not made:
                extractor.rows = mapped(partial, count, size, shared=True)
                trainer.predict(extractor, datamodule, return_predictions=False)
                trainer.strategy.barrier()
                if trainer.is_global_zero:
                    check_finite(extractor.rows)
                    partial.replace(file)
    return trainer, made


if __name__ == "__main__":
    run(main)
