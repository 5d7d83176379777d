"""What a test found beside its scores, kept in the run's folder."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from reid_lightning.errors import check_at_least
from reid_lightning.metrics.summary import summary
from reid_lightning.results.findings import FILE, find, write_findings
from reid_lightning.results.per_query import write_per_query
from reid_lightning.retrieval import Retrieval
from reid_lightning.scoring.rank_sets import embedded_set


class KeepFindings(pl.Callback):
    """Writes `per_query.csv`, and `findings.pt` for `python -m reid_lightning.report`.

    Args:
        folder: of the run.
        queries: how many of the worst queries by AP, and of the best, are listed.
        length: gallery pictures in a list.
    """

    def __init__(self, folder: str | Path, queries: int, length: int) -> None:
        check_at_least("callbacks.findings.queries", queries, 0)
        check_at_least("callbacks.findings.length", length, 1)
        self.folder, self.queries, self.length = Path(folder), queries, length

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what is collected: Lightning calls the module, which clears it, after this."""
        metric: Any = pl_module.test_metric
        with metric.sync_context():
            if not trainer.is_global_zero:
                return
            results, count = metric.per_query()
            index, embeddings, *_, is_query = metric.collected()
        summary(results, count)  # the error that it raises where there is nothing to score
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        official = datamodule.folder.read()[0]
        pictures, order = [*official.query, *official.gallery], index.argsort()
        both = [order[is_query[order]], order[~is_query[order]]]
        samples = [[pictures[place] for place in index[rows].tolist()] for rows in both]
        write_per_query(self.folder / "per_query.csv", samples[0], results)
        findings = find(
            embedded_set(samples[0], embeddings[both[0]]),
            embedded_set(samples[1], embeddings[both[1]]),
            Retrieval(),
            results,
            (samples[0], samples[1]),
            distance=metric.distance,
            ap=metric.ap,
            queries=self.queries,
            length=self.length,
        )
        write_findings(self.folder / FILE, findings)
