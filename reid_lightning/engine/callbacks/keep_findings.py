"""What a test finds beside its scores, kept in the run's folder."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from reid_lightning.engine.scored_test import ScoredTest
from reid_lightning.results.scored_files import write_scored_files
from reid_lightning.signatures import Count, Natural, checked


@checked("callbacks.findings")
class KeepFindings(pl.Callback):
    """Writes `per_query.csv`, and `findings.pt` for `python -m reid_lightning.report`.

    Args:
        folder: of the run.
        queries: ranked lists of this many of the worst queries by AP, and of the best.
        length: gallery pictures in a list.
    """

    def __init__(self, folder: str | Path, queries: Natural, length: Count) -> None:
        self.folder, self.queries, self.length = Path(folder), queries, length

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Have the test scored with ranked lists; Lightning calls the module after this."""
        module: Any = pl_module
        test: ScoredTest = module.score_test(self.queries, self.length)
        if trainer.is_global_zero:
            ap = module.test_metric.ap
            write_scored_files(self.folder, test.outcome, test.scored, ap)
