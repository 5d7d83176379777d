"""The network: backbone, pooling, embedding, neck and classifier."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Le
from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.models.pooling import Pooling, make_pooling
from reid_lightning.signatures import Count, Natural, PartialShare, checked

Neck = Literal["bnneck", "none"]
EmbeddingSize = Annotated[int, Ge(1), Le(65536)]


class Features(NamedTuple):
    """The network's outputs for a batch.

    `metric` [B, d] is for the metric loss, `retrieval` [B, d] are the embeddings to rank by,
    `logits` [B, num_classes] are for the identity loss.
    """

    metric: Tensor
    retrieval: Tensor
    logits: Tensor


@checked("model")
class Embedder(nn.Module):
    """Backbone → pooling → (embedding layer) → (BNNeck) → dropout → classifier.

    With a BNNeck (Luo et al. 2019) the metric loss uses the feature before a batch normalisation,
    the identity loss and retrieval the feature after it; the normalisation's shift stays zero and
    the classifier has no bias. Without it, all three use the same feature.

    Args:
        backbone: pictures [B, 3, H, W] → maps [B, num_features, h, w], with an attribute
            `num_features` (timm's convention).
        num_classes: training identities.
        pooling: `avg`, `max` or `gem`.
        embedding: size d of an embedding layer; None: no such layer, d = num_features.
        reduction: (num_features, d) → the embedding layer.
        neck: `bnneck` or `none`.
        dropout: probability, before the classifier.
        freeze_backbone_epochs: number of first epochs that do not train the backbone.

    Raises:
        ReIDError: an unknown pooling or neck, a number out of its range, or a backbone without
            `num_features`.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: Count,
        *,
        pooling: Pooling = "avg",
        embedding: EmbeddingSize | None = None,
        reduction: Callable[[int, int], nn.Module] = nn.Linear,
        neck: Neck = "bnneck",
        dropout: PartialShare = 0.0,
        freeze_backbone_epochs: Natural = 0,
    ) -> None:
        super().__init__()
        channels = _num_features(backbone)
        self.embedding_size = size = embedding or channels
        self.freeze_backbone_epochs = freeze_backbone_epochs
        self.backbone = backbone
        self.pool = make_pooling(pooling)
        self.embedding = reduction(channels, size) if embedding else nn.Identity()
        self.neck = nn.BatchNorm1d(size) if neck == "bnneck" else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(size, num_classes, bias=neck == "none")
        nn.init.normal_(self.classifier.weight, std=0.001)
        if isinstance(self.neck, nn.BatchNorm1d):
            self.neck.bias.requires_grad_(False)

    def forward(self, images: Tensor) -> Features:
        """The outputs for pictures [B, 3, H, W], normalised with ImageNet's mean and deviation."""
        metric = self.embedding(self.pool(self.backbone(images)))
        retrieval = self.neck(metric)
        return Features(metric, retrieval, self.classifier(self.dropout(retrieval)))


def _num_features(backbone: nn.Module) -> int:
    channels: Any = getattr(backbone, "num_features", None)
    if type(channels) is not int or channels < 1:
        raise ReIDError(
            f"The backbone {type(backbone).__name__} has num_features={channels!r}: set it, in its "
            "__init__, to the number of channels of its maps."
        )
    return channels
