"""What happens beside training: a line an epoch, a check that the loss is a number."""

from reid_lightning.callbacks.epoch_log import EpochLog
from reid_lightning.callbacks.finite_loss import FiniteLoss

__all__ = ["EpochLog", "FiniteLoss"]
