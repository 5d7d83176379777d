"""One evaluation, from a trained network to metrics.json."""

import logging
import time
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.counts import camera_count
from reid_lightning.distances import RankingDistance
from reid_lightning.metrics.summary import check_extra_scores
from reid_lightning.results.metrics_json import write_results
from reid_lightning.results.open_set import OPEN_SET_FILE, write_det_curves
from reid_lightning.results.scored_files import write_scored_files
from reid_lightning.results.status import write_status
from reid_lightning.results.tables import open_set_table, score_table
from reid_lightning.retrieval import Retrieval, SpatialTemporal
from reid_lightning.run.build import build_datamodule
from reid_lightning.run.build_retrieval import build_retrieval, neighbour_warnings, taken_steps
from reid_lightning.run.config_keys import check_evaluation_config
from reid_lightning.run.embed_set import embed_set, embed_share, embedding_processes
from reid_lightning.run.failing_part import parts_named_in_errors
from reid_lightning.run.load_checkpoint import load_checkpoint
from reid_lightning.run.load_foreign import load_foreign
from reid_lightning.run.log_cost import log_cost
from reid_lightning.run.scored_part import check_evaluation
from reid_lightning.run.split_counts import log_split_counts
from reid_lightning.run.sweep_log import RESULT, log_results_folder
from reid_lightning.run.trained import Trained
from reid_lightning.scoring.embedded_samples import embedded_set
from reid_lightning.scoring.open_set import RANKS, check_open_set, score_open_set
from reid_lightning.scoring.score_sets import Outcome, score_sets

log = logging.getLogger(__name__)

_OF_OTHERS = "The weights %s are scored at %d × %d (data.height, data.width), by %s distance."
_TABLE = "\ntrained on: %s · retrieval steps: %s\n%s"
_OTHER_SET = "The set was called %s in training, and is %s here (data=… chooses it)."
_OTHER_SIZE = "Pictures are embedded at %d × %d; the network was trained at %d × %d."


@parts_named_in_errors
def run_evaluation(config: DictConfig) -> float:
    """Embed the pictures, take the steps of `retrieval`, rank, and write the results.

    Returns:
        The mAP.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    check_evaluation_config(config)
    extra_scores = instantiate(config.metric.extra_scores, _convert_="all")
    check_extra_scores(extra_scores)
    trained, datamodule = _load(config)
    log_split_counts(datamodule.folder)
    check_evaluation(config, datamodule)
    retrieval = build_retrieval(config.retrieval, datamodule.folder)
    if config.openset:
        check_open_set(retrieval)
    for warning in neighbour_warnings(retrieval, datamodule.folder):
        log.warning(warning)
    cost = log_cost(trained.model, datamodule, embedding_processes(config).devices[0])
    embeddings, speed = embed_set(config, datamodule, trained, flip=retrieval.flip)
    official, ap = datamodule.folder.official, config.metric.ap
    distance = config.metric.distance or trained.distance
    started, queries = time.perf_counter(), len(official.query)
    outcome = score_sets(
        embedded_set(official.query, embeddings[:queries]),
        embedded_set(official.gallery, embeddings[queries:]),
        retrieval,
        distance=distance,
        ap=ap,
        extra_scores=extra_scores,
        lists=config.findings.queries,
        length=config.findings.length,
    )
    seconds = time.perf_counter() - started
    scores = {f"test/{name}": value for name, value in outcome.scores.items()}
    table = score_table(scores, data=datamodule.folder.title, ap=ap)
    steps = "+".join(taken_steps(config.retrieval)) or "none"
    log.info(_TABLE, trained.data or "not known", steps, table, extra=RESULT)
    folder = Path(HydraConfig.get().runtime.output_dir)
    write_scored_files(folder, outcome, official, ap)
    open_set = _score_open_set(folder, outcome, retrieval, distance) if config.openset else {}
    if retrieval.spatial_temporal is not None:
        _write_distributions(folder, retrieval.spatial_temporal)
    settings = {
        "ap": ap,
        "distance": distance if retrieval.spatial_temporal is None else "cosine",
        "retrieval": steps,
        "data": datamodule.folder.title,
        "cameras": camera_count(official),
        "trained_on": trained.data,
        "trained_seed": trained.seed,
        "trained_settings": trained.settings,
        "checkpoint": config.checkpoint,
        "weights": trained.weights,
        "weights_sha256": trained.weights_sha256,
        **cost._asdict(),
        "precision": str(config.trainer.precision),
        "embedded_before": speed is None,
        "images_per_second": speed,
        "ranking_seconds": round(seconds, 2),
    }
    write_results(folder / "metrics.json", scores | open_set | settings)
    write_status(folder, "finished")
    log_results_folder(folder)
    return scores["test/mAP"]


@parts_named_in_errors
def embed_rank(config: DictConfig) -> None:
    """One rank's part of an evaluation: to embed its share of the pictures."""
    trained, datamodule = _load(config)
    embed_share(config, datamodule, trained, flip=bool(config.retrieval.get("flip")))


def _load(config: DictConfig) -> tuple[Trained, ReIDDataModule]:
    if config.checkpoint is None:
        trained = load_foreign(config.model)
    else:
        trained = load_checkpoint(Path(config.checkpoint), config.get("model"))
    size = {"height": trained.height, "width": trained.width}
    size |= {side: config.data[side] for side in size if config.data[side] is not None}
    if trained.weights is not None:
        distance = config.metric.distance or trained.distance
        shown = trained.weights, size["height"], size["width"], distance
        rank_zero_only(log.info)(_OF_OTHERS, *shown)
    elif (size["height"], size["width"]) != (trained.height, trained.width):
        sizes = size["height"], size["width"], trained.height, trained.width
        rank_zero_only(log.warning)(_OTHER_SIZE, *sizes)
    datamodule = build_datamodule(config.data, **size)
    if trained.data not in (None, datamodule.folder.name):
        rank_zero_only(log.info)(_OTHER_SET, trained.data, datamodule.folder.name)
    return trained, datamodule


def _score_open_set(
    folder: Path, outcome: Outcome, retrieval: Retrieval, distance: RankingDistance
) -> dict[str, float]:
    """Score with every second person out of the gallery; returns the keys of metrics.json."""
    # Imported here: matplotlib is slow to import, and other evaluations do not need it.
    from reid_lightning.report.figures.det_plot import det_plot
    from reid_lightning.report.figures.style import save_png

    scores, counts, curves = score_open_set(outcome.query, outcome.gallery, retrieval, distance)
    log.info("\nOpen set:\n%s", open_set_table(scores, counts, RANKS))
    write_det_curves(folder / OPEN_SET_FILE, curves)
    save_png(det_plot(curves), folder / "openset.png", dpi=110)
    kept: dict[str, float] = {f"test/openset/{name}": value for name, value in scores.items()}
    return kept | {f"openset/{name}": count for name, count in counts.items()}


def _write_distributions(folder: Path, model: SpatialTemporal) -> None:
    # Imported here: matplotlib is slow to import, and other evaluations do not need it.
    from reid_lightning.report.figures.transit_plot import plot_distributions

    model.save(folder / "spatial_temporal.pt")
    plot_distributions(model, folder / "spatial_temporal.png")
