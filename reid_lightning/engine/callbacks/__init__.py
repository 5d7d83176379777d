"""What happens beside training: logs, checkpoints, warnings, and the files of a test."""

from reid_lightning.engine.callbacks.averaged_weights import AveragedWeights
from reid_lightning.engine.callbacks.best_checkpoint import BestCheckpoint
from reid_lightning.engine.callbacks.collapse import Collapse
from reid_lightning.engine.callbacks.dashboard import DashboardFigures
from reid_lightning.engine.callbacks.epoch_log import EpochLog
from reid_lightning.engine.callbacks.epoch_means import EpochMeans
from reid_lightning.engine.callbacks.finite_loss import FiniteLoss
from reid_lightning.engine.callbacks.keep_findings import KeepFindings
from reid_lightning.engine.callbacks.last_checkpoint import LastCheckpoint
from reid_lightning.engine.callbacks.progress import Progress
from reid_lightning.engine.callbacks.run_status import RunStatus

__all__ = [
    "AveragedWeights",
    "BestCheckpoint",
    "Collapse",
    "DashboardFigures",
    "EpochLog",
    "EpochMeans",
    "FiniteLoss",
    "KeepFindings",
    "LastCheckpoint",
    "Progress",
    "RunStatus",
]
