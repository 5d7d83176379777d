"""What W&B shows of the test beside the scores: the CMC curve and ranked lists."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from reid_lightning.engine.loggers.metrics_csv import MetricsCSV
from reid_lightning.engine.loggers.wandb import BEST, finish_wandb
from reid_lightning.metrics.cmc import cmc_curve
from reid_lightning.report.figures.ranked_list import render_ranked_list
from reid_lightning.results.findings import FINDINGS_FILE, read_findings
from reid_lightning.results.per_query import read_first_matches
from reid_lightning.signatures import Natural, checked


@checked("callbacks.wandb")
class WandbImages(pl.Callback):
    """Logs the CMC curve and ranked lists of the test to the run's first logger, which is W&B's.

    Args:
        queries: this many of the worst and of the best lists that `KeepFindings` wrote; 0 uploads
            no picture.
    """

    def __init__(self, queries: Natural) -> None:
        self.queries = queries

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the test's files in the run's folder, and the best scores.

        W&B itself would take the best of those alone that were logged since a resume.
        """
        if not trainer.is_global_zero:
            return
        (rows,) = (logger for logger in trainer.loggers if isinstance(logger, MetricsCSV))
        self._log_pictures(trainer, Path(rows.save_dir))
        for name in BEST:
            scores = [float(row[name]) for row in rows.rows if name in row]
            if scores:
                self._run(trainer).summary[name] = {"max": max(scores)}

    def _log_pictures(self, trainer: pl.Trainer, folder: Path) -> None:
        import wandb  # takes a second: only for runs that use it

        media: dict[str, Any] = {}
        if (path := folder / "per_query.csv").is_file():
            curve = list(enumerate(cmc_curve(read_first_matches(path)), start=1))
            table = wandb.Table(["rank", "share"], curve)
            media["test/CMC"] = wandb.plot.line(table, "rank", "share", title="CMC")
        if self.queries and (path := folder / FINDINGS_FILE).is_file():
            findings = read_findings(path)
            for name, lists in (("worst", findings.worst), ("best", findings.best)):
                media[f"ranked_lists/{name}"] = [
                    wandb.Image(
                        render_ranked_list(ranked), caption=ranked.query.path.name, file_type="jpg"
                    )
                    for ranked in lists[: self.queries]
                ]
        self._run(trainer).log({name: shown for name, shown in media.items() if shown})

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End the W&B run as a failed one, so that a sweep's next job starts its own."""
        finish_wandb(exit_code=1)

    def _run(self, trainer: pl.Trainer) -> Any:
        logger: Any = trainer.logger
        return logger.experiment
