"""A TensorBoard logger, in a run that may be resumed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from typing_extensions import Required, Unpack

from reid_lightning.engine.loggers.figures import ScoredFigures
from reid_lightning.engine.loggers.metrics_csv import rows_before
from reid_lightning.results.run_card import flat_config
from reid_lightning.signatures import Count, checked


class TensorBoardOptions(TypedDict, total=False):
    """The arguments of `TensorBoardLogger`, and of the writer that it makes when it first logs."""

    save_dir: Required[str | Path]
    name: str | None
    version: int | str | None
    log_graph: bool
    default_hp_metric: bool
    prefix: str
    sub_dir: str | None
    comment: str
    max_queue: Count
    flush_secs: Count
    filename_suffix: str


@checked("logger")
def tensorboard_logger(
    resume_step: int | None = None, **options: Unpack[TensorBoardOptions]
) -> "EpochCurves":
    """A TensorBoard logger.

    Args:
        resume_step: steps that a resumed run has trained; logs of later epochs are hidden.
        options: of `TensorBoardLogger`; `save_dir` is the run's folder.
    """
    hidden_from = None
    if resume_step is not None:
        rows = rows_before(Path(options["save_dir"]) / "metrics.csv", resume_step)
        epochs = [int(float(row["epoch"])) for row in rows if "epoch" in row]
        hidden_from = max(epochs, default=-1) + 2  # they count from 1
    chosen: dict[str, Any] = {"default_hp_metric": False, **options}
    return EpochCurves(purge_step=hidden_from, **chosen)


class EpochCurves(TensorBoardLogger):
    """Curves over the epochs, which count from 1, and a row of the hyperparameters' table."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log at the metrics' epoch; those of a test at the last one."""
        curves = {name: value for name, value in metrics.items() if name != "epoch"}
        if "epoch" in metrics:
            after = any(name.startswith("test/") for name in curves)  # the last epoch
            step = int(metrics["epoch"]) + (not after)
        super().log_metrics(curves, step)

    @rank_zero_only
    def log_test(
        self, figures: ScoredFigures, scores: Mapping[str, float], config: Mapping[str, Any]
    ) -> None:
        """Log the figures of a test, and its scores as those of the hyperparameters.

        Args:
            figures: the curve is drawn over k, each ranked list is a picture.
            scores: of the test, and the best of the validation.
            config: the hyperparameters, nested.
        """
        for k, share in enumerate(figures.cmc, start=1):
            self.experiment.add_scalar("test/CMC", share, k)
        for name, pictures in figures.lists.items():
            for number, (query, picture) in enumerate(pictures, start=1):
                tag = f"ranked_lists/{name}/{number}_{query}"
                self.experiment.add_image(tag, np.asarray(picture), dataformats="HWC")
        table = {f"hparams/{name}": score for name, score in scores.items()}
        self.log_hyperparams(flat_config(config), table)
        self.save()
