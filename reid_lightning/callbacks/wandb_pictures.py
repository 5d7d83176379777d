"""What W&B shows of the test beside the scores: the CMC curve, and what was retrieved."""

from typing import Any

import pytorch_lightning as pl

from reid_lightning.csv_log import MetricsCSV
from reid_lightning.errors import check_at_least
from reid_lightning.loggers import BEST, finish_wandb
from reid_lightning.report.cmc import cmc_curve
from reid_lightning.report.retrieved import draw_retrieved, nearest, worst_and_best


class WandbPictures(pl.Callback):
    """Logs, at the end, the CMC curve and ranked lists to the run's first logger, which is W&B's.

    Args:
        queries: how many of the worst queries by AP, and of the best, are shown; 0: no picture is
            uploaded.
        length: gallery pictures in a list.
    """

    def __init__(self, queries: int, length: int) -> None:
        check_at_least("callbacks.wandb.queries", queries, 0)
        check_at_least("callbacks.wandb.length", length, 1)
        self.queries, self.length = queries, length

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what is collected: Lightning calls the module, which clears it, after this."""
        metric: Any = pl_module.test_metric
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        official = datamodule.folder.read()[0]
        with metric.sync_context():
            results, _ = metric.per_query()
            pids = [sample.pid for sample in official.query]
            worst, best = worst_and_best(results, pids, self.queries)
            rows = nearest(metric, worst + best, self.length)
        if not trainer.is_global_zero:
            return
        import wandb  # only where a run uses it: that takes a second

        pictures = official.query + official.gallery
        drawn = []
        for query, row in zip(worst + best, rows, strict=True):
            picture = draw_retrieved(query, row, results, pictures)
            drawn.append(wandb.Image(picture, caption=pictures[query].path.name, file_type="jpg"))
        curve = list(enumerate(cmc_curve(results), start=1))
        table = wandb.Table(["rank", "share"], curve)
        told = {
            "test/CMC": wandb.plot.line(table, "rank", "share", title="CMC"),
            "ranked_lists/worst": drawn[: len(worst)],
            "ranked_lists/best": drawn[len(worst) :],
        }
        self._run(trainer).log({name: shown for name, shown in told.items() if shown})

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Set the best scores: in a resumed run, W&B takes them of what was logged since alone."""
        for logger in trainer.loggers:
            if isinstance(logger, MetricsCSV) and trainer.is_global_zero:
                for name in BEST:
                    scores = [float(row[name]) for row in logger.rows if name in row]
                    if scores:
                        self._run(trainer).summary[name] = {"max": max(scores)}

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End the W&B run as a failed one, so that a sweep's next job starts its own."""
        finish_wandb(exit_code=1)

    def _run(self, trainer: pl.Trainer) -> Any:
        logger: Any = trainer.logger
        return logger.experiment
