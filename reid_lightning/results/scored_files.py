"""The files that a scored query and gallery leave beside metrics.json."""

from pathlib import Path

from reid_lightning.data.sample import Splits
from reid_lightning.metrics.ranking import AveragePrecision
from reid_lightning.results.findings import FINDINGS_FILE, collect_findings, write_findings
from reid_lightning.results.per_query import write_per_query
from reid_lightning.scoring.score_sets import Outcome


def write_scored_files(
    folder: Path, outcome: Outcome, scored: Splits, ap: AveragePrecision
) -> None:
    """Write `per_query.csv` and `findings.pt` into a run's folder.

    Args:
        folder: of the run.
        outcome: of `score_sets`.
        scored: the query and gallery.
        ap: as `score_sets` took it.
    """
    write_per_query(folder / "per_query.csv", scored, outcome.results)
    write_findings(folder / FINDINGS_FILE, collect_findings(outcome, scored, ap))
