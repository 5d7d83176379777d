"""What a dashboard shows of the test beside the scores: the CMC curve and ranked lists."""

from pathlib import Path

import pytorch_lightning as pl

from reid_lightning.engine.loggers.figures import ScoredFigures, best_scores
from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.engine.loggers.wandb import finish_wandb
from reid_lightning.metrics.cmc import cmc_curve
from reid_lightning.report.figures.ranked_list import render_ranked_list
from reid_lightning.results.findings import FINDINGS_FILE, read_findings
from reid_lightning.results.per_query import read_first_matches
from reid_lightning.signatures import Natural, checked


@checked("callbacks.dashboard")
class DashboardFigures(pl.Callback):
    """Hands the figures of the test to every logger that has a `log_test`: W&B's, TensorBoard's.

    Args:
        queries: this many of the worst and of the best lists that `KeepFindings` wrote; 0 shows
            no picture.
    """

    def __init__(self, queries: Natural) -> None:
        self.queries = queries

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read them from the run's folder."""
        if not trainer.is_global_zero:
            return
        (rows,) = (logger for logger in trainer.loggers if isinstance(logger, MetricsCSV))
        figures = self._read(Path(rows.save_dir))
        logged = {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("test/")}
        scores = best_scores(rows.rows) | logged
        for logger in trainer.loggers:
            if log_test := getattr(logger, "log_test", None):
                log_test(figures, scores, dict(pl_module.hparams))

    def _read(self, folder: Path) -> ScoredFigures:
        curve, lists = list[float](), {}
        if (path := folder / "per_query.csv").is_file():
            curve = cmc_curve(read_first_matches(path))
        if self.queries and (path := folder / FINDINGS_FILE).is_file():
            findings = read_findings(path)
            for name, ranked_lists in (("worst", findings.worst), ("best", findings.best)):
                lists[name] = [
                    (ranked.query.path.name, render_ranked_list(ranked))
                    for ranked in ranked_lists[: self.queries]
                ]
        return ScoredFigures(curve, lists)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End a W&B run as a failed one, so that a sweep's next job starts its own."""
        finish_wandb(exit_code=1)
