"""The LightningModule: joins model, criterion, optimizer, schedule and metric."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_lightning.data import ReIDDataModule
from reid_lightning.data.datasets import Batch
from reid_lightning.engine.collected_scores import collect, collected_scores, warn_of_left_out
from reid_lightning.engine.graphed_network import GraphedNetwork, why_no_graphs
from reid_lightning.engine.optimization import optimization
from reid_lightning.engine.scored_test import ScoredTest, score_collected
from reid_lightning.engine.teacher import Teacher
from reid_lightning.errors import ReIDError
from reid_lightning.losses import Criterion
from reid_lightning.metrics import ReIDMetric
from reid_lightning.metrics.summary import score_names
from reid_lightning.models import Embedder, Features
from reid_lightning.models.layout import channels_last, images_channels_last
from reid_lightning.seeds import derive_seed, seed_default_generators

log = logging.getLogger(__name__)


class ReIDModule(pl.LightningModule):
    """Trains an embedder and scores it on query and gallery.

    Args:
        model: pictures → features.
        criterion: features and labels → loss and diagnostics.
        metric: ranks the pictures; a copy each for `val/` and `test/`.
        optimizer: makes the optimizer from parameter groups.
        scheduler: (epochs passed, all epochs) → factor of the learning rate.
        seed: of random triplets and dropout.
        cuda_graphs: whether one process on a CUDA device launches the network's step as one.
        config: plain values, kept in checkpoints so that `evaluate.py` can rebuild the model, and
            logged as hyperparameters.
        teacher: trained networks to learn from, too.
    """

    def __init__(
        self,
        model: Embedder,
        criterion: Criterion,
        metric: ReIDMetric,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[[float, int], float],
        seed: int,
        config: dict[str, Any],
        *,
        cuda_graphs: bool = True,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(config)
        self.model = channels_last(model)
        self.criterion, self.optimizer, self.scheduler = criterion, optimizer, scheduler
        self.val_metric, self.test_metric = metric, copy.deepcopy(metric)
        self.seed, self.cuda_graphs, self.teacher = seed, cuda_graphs, teacher
        self.graphed = GraphedNetwork(self.model)
        self._uses_graphs = False
        self.test_scores: dict[str, float] = {}
        self._test_scores: dict[str, float] = {}  # of `score_test`

    @property
    def _wants_graphs(self) -> bool:
        return self.cuda_graphs and self.device.type == "cuda"

    def forward(self, images: Tensor) -> Tensor:
        """Pictures [B, 3, H, W] → the embeddings [B, d] they are ranked by."""
        features: Tensor = self.model(images_channels_last(images)).retrieval
        return features

    def on_train_start(self) -> None:
        """Lightning does not start the epoch that a run is resumed in."""
        self.on_train_epoch_start()
        if self.teacher is not None:
            self.teacher.to(self.device)
        if self._wants_graphs and (reason := why_no_graphs(self.trainer)):
            log.info("CUDA graphs are off: %s.", reason)

    def on_train_epoch_start(self) -> None:
        """Keep a frozen backbone's batch normalisation as it is, too."""
        self.model.backbone.train(self.current_epoch >= self.model.freeze_backbone_epochs)
        self._uses_graphs = self._wants_graphs and not why_no_graphs(self.trainer)
        self.graphed.forget_if_changed()

    def on_train_end(self) -> None:
        """Free the graphs' memory."""
        self.graphed.forget()

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """One batch's `loss`, and its `diagnostics` for the `EpochMeans` callback."""
        # By batch, not by optimizer step: accumulated batches must differ from one another.
        position = self.seed, self.current_epoch, batch_idx
        images = images_channels_last(batch["image"])
        if self._uses_graphs:
            self.graphed.prepare(images)
        dropout = derive_seed("dropout", *position, self.global_rank)
        seed_default_generators(dropout, self.device)
        generator = torch.Generator().manual_seed(derive_seed("mining", *position))
        features: Features = (self.graphed if self._uses_graphs else self.model)(images)
        losses = self.criterion(features.metric, features.logits, batch["label"], generator)
        if self.teacher is not None:
            distance, gather = self.val_metric.distance, self.criterion.gather
            taught = self.teacher.losses(images, features, distance, gather=gather)
            losses |= taught | {"loss": losses["loss"] + taught["loss"]}
        diagnostics = {name: value.detach() for name, value in losses.items()}
        return {"loss": losses["loss"], "diagnostics": diagnostics}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect a batch's embeddings."""
        collect(self.val_metric, self(batch["image"]), batch)

    def on_validation_epoch_end(self) -> None:
        """Rank every query; the few batches of Lightning's sanity check are not scored."""
        if self.trainer.sanity_checking:
            self.val_metric.reset()
            return
        scores = collected_scores(self.val_metric)
        warn_of_left_out(scores)
        self.log_dict({f"val/{n}": scores[n].float() for n in score_names(scores)}, prog_bar=True)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect a batch's embeddings."""
        collect(self.test_metric, self(batch["image"]), batch)

    def score_test(self, lists: int, length: int) -> ScoredTest:
        """Score the test with ranked lists for the report; to be called before its epoch ends.

        Args:
            lists, length: see `score_sets`.

        Raises:
            ReIDError: an embedding is not finite, or no query has a match from another camera.
        """
        datamodule: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        test = score_collected(self.test_metric, datamodule.folder.official, lists, length)
        self._test_scores = test.outcome.scores
        return test

    def on_test_epoch_end(self) -> None:
        """Log the scores, ranked here unless `score_test` was called; `test_scores` keeps them."""
        ranked = self._test_scores or collected_scores(self.test_metric)
        self._test_scores = {}
        self.test_metric.reset()
        scores = {name: float(value) for name, value in ranked.items()}
        warn_of_left_out(scores)
        self.test_scores = {f"test/{name}": value for name, value in scores.items()}
        self.log_dict({f"test/{name}": scores[name] for name in score_names(scores)})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the position of the next batch (other DataModules keep their own) and who teaches.

        And who was trained on: a later training may choose the checkpoint as its teacher.
        """
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(datamodule, ReIDDataModule):
            checkpoint["position"] = datamodule.position()
            checkpoint["identities"] = datamodule.folder.identities
        if self.teacher is not None:
            checkpoint["teacher"] = self.teacher.digest

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Begin where the checkpoint was written.

        Raises:
            ReIDError: the training had another teacher until then.
        """
        if self.teacher is not None and checkpoint.get("teacher") != self.teacher.digest:
            raise ReIDError(
                "The teacher is not the one that this run has learnt from so far: put the files "
                "of distill.checkpoint back as they were, or start a new run."
            )
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(datamodule, ReIDDataModule):
            datamodule.begin_at(checkpoint["position"])

    def configure_optimizers(self) -> Any:
        """The optimizer, and a schedule that moves with every step."""
        return optimization(self, self.trainer)
