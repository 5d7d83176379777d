"""What happens beside training: a line an epoch, what to say of a wrong loss, pictures for W&B."""

from reid_lightning.callbacks.collapse import Collapse
from reid_lightning.callbacks.epoch_log import EpochLog
from reid_lightning.callbacks.epoch_means import EpochMeans
from reid_lightning.callbacks.finite_loss import FiniteLoss
from reid_lightning.callbacks.last_checkpoint import LastCheckpoint
from reid_lightning.callbacks.progress import Progress
from reid_lightning.callbacks.wandb_pictures import WandbPictures

__all__ = [
    "Collapse",
    "EpochLog",
    "EpochMeans",
    "FiniteLoss",
    "LastCheckpoint",
    "Progress",
    "WandbPictures",
]
