"""Whether a loss can learn from the batches that it will get: found before a training."""

from collections import Counter
from collections.abc import Iterator, Sequence

from reid_lightning.data import ReIDDataModule
from reid_lightning.errors import ReIDError
from reid_lightning.losses import BatchAllLoss, Criterion, QuadrupletLoss, TripletLoss
from reid_lightning.losses.pml import PMLLoss
from reid_lightning.models import Embedder

_TRIPLETS = (TripletLoss, BatchAllLoss, QuadrupletLoss)


def check_loss(criterion: Criterion, datamodule: ReIDDataModule, world_size: int) -> None:
    """Raise a `ReIDError` if there is one identity only, or no batch can hold a triplet."""
    if datamodule.num_classes == 1:
        raise ReIDError(
            f"{datamodule.folder.title} has one identity to train on: nothing can be learnt from "
            "it, because there is nobody to tell it from."
        )
    if not isinstance(criterion.metric, _TRIPLETS) or not criterion.metric_weight:
        return
    if datamodule.k == 1:
        raise ReIDError(
            "data.k=1 gives every picture of a batch no other one of its person, and this loss "
            "needs it: set data.k=4, or loss=softmax, which needs no pairs."
        )
    if _identities(criterion, datamodule, world_size) == 1:
        raise ReIDError(
            "data.p=1 gives every batch one person alone, and this loss needs several: set "
            "data.p=16, or loss=softmax, which needs no pairs."
        )


def check_parts(criterion: Criterion, network: Embedder) -> None:
    """Raise a `ReIDError` if the metric loss cannot take both the whole feature and all joined."""
    metric, size = criterion.metric, network.head_size
    if network.parts and metric is not None and any(size in p.shape for p in metric.parameters()):
        raise ReIDError(
            f"This loss has weights for features of one size ({size}), and model.parts="
            f"{network.parts} gives it two, of the whole picture and of all parts joined: set "
            "model.parts=0, or choose a loss without weights, such as loss=hard."
        )


def loss_warnings(
    criterion: Criterion, datamodule: ReIDDataModule, world_size: int, typed: Sequence[str]
) -> Iterator[str]:
    """What the loss will do, and was perhaps not meant to: a sentence each."""
    if not criterion.id_weight and any(o.startswith("loss.label_smoothing=") for o in typed):
        yield "loss.label_smoothing has no effect with loss.id_weight=0."
    if criterion.metric is None and any("loss.metric_weight=" in o for o in typed):
        yield "loss.metric_weight has no effect: this loss has no metric loss."
    metric, identities = criterion.metric, _identities(criterion, datamodule, world_size)
    if metric is None or not criterion.metric_weight:
        return
    if isinstance(metric, _TRIPLETS):
        margin, largest = metric.margin, metric.space.largest_distance
        if margin != "soft" and margin >= largest:
            yield (
                f"loss.margin={margin} can never be met: no two embeddings are farther apart than "
                f"{largest:g} in the distance of this loss, so that every triplet stays active."
            )
    if isinstance(metric, QuadrupletLoss) and identities == 2:
        yield "data.p=2 leaves the quadruplet loss no third person: its second term is always 0."
    # A loss with weights of its own compares pictures with them, and needs no pairs.
    pairs = isinstance(metric, PMLLoss) and not any(True for _ in metric.parameters())
    if pairs and (datamodule.k == 1 or identities == 1):
        yield (
            f"A batch has no pairs of one person and of two: data.p={datamodule.p}, "
            f"data.k={datamodule.k}. Most losses need both: set data.p=16 data.k=4."
        )
    pictures = Counter(sample.pid for sample in datamodule.folder.used.train)
    if max(pictures.values()) == 1:
        yield (
            "No training identity has a second picture: the metric loss compares every picture "
            "with copies of itself."
        )


def _identities(criterion: Criterion, datamodule: ReIDDataModule, world_size: int) -> int:
    """Of a batch that the metric loss sees."""
    return datamodule.p * (1 if criterion.gather is False else world_size)
