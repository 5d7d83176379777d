"""An embedder with any backbone, from the keys that every file of `conf/model/` has."""

from collections.abc import Callable

from torch import nn
from typing_extensions import NotRequired, TypedDict

from reid_lightning.models.embedder import Embedder, EmbeddingSize, Neck, PartCount
from reid_lightning.models.pooling import Pooling
from reid_lightning.models.weights import load_weights
from reid_lightning.signatures import Count, Natural, PartialShare, Text


class EmbedderKeys(TypedDict):
    """The arguments that the constructors of all networks share."""

    num_classes: Count
    weights: Text
    pooling: Pooling
    embedding: EmbeddingSize | None
    parts: NotRequired[PartCount]  # which checkpoints of version 0.1 do not have
    neck: Neck
    dropout: PartialShare
    freeze_backbone_epochs: Natural


def make_embedder(
    backbone: nn.Module,
    *,
    num_classes: int,
    weights: str,
    pooling: Pooling,
    embedding: int | None,
    neck: Neck,
    dropout: float,
    freeze_backbone_epochs: int,
    parts: int = 0,
    reduction: Callable[[int, int], nn.Module] = nn.Linear,
) -> Embedder:
    """An embedder with its weights.

    Args:
        backbone, reduction: see `Embedder`.
        num_classes: training identities.
        weights: see `load_weights`.
        pooling, embedding, parts, neck, dropout, freeze_backbone_epochs: see `Embedder`.

    Raises:
        ReIDError: the weights cannot be had, or are not those of this backbone.
    """
    model = Embedder(
        backbone,
        num_classes,
        pooling=pooling,
        embedding=embedding,
        parts=parts,
        reduction=reduction,
        neck=neck,
        dropout=dropout,
        freeze_backbone_epochs=freeze_backbone_epochs,
    )
    load_weights(model, weights)
    return model
