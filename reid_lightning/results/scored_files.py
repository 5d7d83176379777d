"""The files that a scored query and gallery leave beside metrics.json."""

from pathlib import Path

from reid_lightning.data.sample import Splits
from reid_lightning.metrics.ranking import AveragePrecision
from reid_lightning.results.camera_pairs import CAMERA_PAIRS_FILE, write_camera_pairs
from reid_lightning.results.findings import FINDINGS_FILE, collect_findings, write_findings
from reid_lightning.results.per_query import write_per_query
from reid_lightning.results.retrieved import RETRIEVED_FILE, write_retrieved
from reid_lightning.scoring.score_sets import Outcome


def write_scored_files(
    folder: Path, outcome: Outcome, scored: Splits, ap: AveragePrecision
) -> None:
    """Write what a report shows into a run's folder.

    These are `per_query.csv`, `retrieved.parquet`, `findings.pt` and, of a set with several
    cameras, `camera_pairs.csv`.

    Args:
        folder: of the run.
        outcome: of `score_sets`.
        scored: the query and gallery.
        ap: as `score_sets` took it.
    """
    write_per_query(folder / "per_query.csv", scored, outcome.results)
    write_retrieved(folder / RETRIEVED_FILE, outcome.first, scored)
    if scored.has_cameras and outcome.camera_pairs:
        write_camera_pairs(folder / CAMERA_PAIRS_FILE, outcome.camera_pairs, scored)
    write_findings(folder / FINDINGS_FILE, collect_findings(outcome, scored, ap))
