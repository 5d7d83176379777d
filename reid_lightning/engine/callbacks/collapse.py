"""Warn once, with likely causes, when every picture has the same embedding."""

import logging
import math

import pytorch_lightning as pl

log = logging.getLogger(__name__)
_TOLERANCE = 0.05  # of the loss that equal embeddings have

_WARNING = (
    "Training has collapsed: the loss stays at %.3f, which is what equal embeddings cost, and "
    "distances are near zero (%.3g to positives, %.3g to negatives). Likely causes: optimizer.lr "
    "is too high or the warm-up too short for batch-hard mining (try loss=semihard, "
    "loss=batch_all or loss.margin=soft), the weight decay is too strong, or loss.id_weight=0 "
    "leaves nothing else to hold identities apart."
)


def collapsed(loss: float, cost: float, dist_pos: float, dist_neg: float) -> bool:
    """Whether a loss is near the `cost` of equal embeddings, and the distances are near zero."""
    near_zero = max(dist_pos, dist_neg) < 2 * _TOLERANCE * cost
    return cost > 0 and abs(loss - cost) < _TOLERANCE * cost and near_zero


class Collapse(pl.Callback):
    """Warns once, after the first epoch whose mean loss and distances are a collapsed network's.

    Equal embeddings cost the margin (both margins for quadruplets), or ln 2 for the soft margin.
    """

    def __init__(self) -> None:
        self.warned = False

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check the epoch's means."""
        metric = getattr(pl_module.criterion, "metric", None)
        margin = getattr(metric, "margin", None)
        keys = ("train/loss_metric", "train/dist_pos", "train/dist_neg")
        if self.warned or margin is None or any(k not in trainer.callback_metrics for k in keys):
            return
        loss, dist_pos, dist_neg = (float(trainer.callback_metrics[k]) for k in keys)
        cost = math.log(2) if margin == "soft" else margin + getattr(metric, "margin2", 0.0)
        self.warned = collapsed(loss, cost, dist_pos, dist_neg)
        if self.warned and trainer.is_global_zero:
            log.warning(_WARNING, loss, dist_pos, dist_neg)
