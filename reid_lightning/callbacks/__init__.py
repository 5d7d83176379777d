"""What happens beside training: a line an epoch, a word on a wrong loss, what the test found."""

from reid_lightning.callbacks.collapse import Collapse
from reid_lightning.callbacks.epoch_log import EpochLog
from reid_lightning.callbacks.epoch_means import EpochMeans
from reid_lightning.callbacks.findings import KeepFindings
from reid_lightning.callbacks.finite_loss import FiniteLoss
from reid_lightning.callbacks.last_checkpoint import LastCheckpoint
from reid_lightning.callbacks.progress import Progress
from reid_lightning.callbacks.wandb_pictures import WandbPictures

__all__ = [
    "Collapse",
    "EpochLog",
    "EpochMeans",
    "FiniteLoss",
    "KeepFindings",
    "LastCheckpoint",
    "Progress",
    "WandbPictures",
]
