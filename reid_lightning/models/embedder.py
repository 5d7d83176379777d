"""The network: backbone, pooling, embedding, neck and classifier."""

from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Le
from torch import Tensor, nn

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
        backbone: pictures [B, 3, H, W] → maps [B, channels, h, w].
        channels: number of channels of the maps.
        num_classes: training identities.
        pooling: `avg`, `max` or `gem`.
        embedding: size d of a linear embedding layer; None: no such layer, d = channels.
        neck: `bnneck` or `none`.
        dropout: probability, before the classifier.
        freeze_backbone_epochs: number of first epochs that do not train the backbone.

    Raises:
        ReIDError: an unknown pooling or neck, or a number out of its range.
    """

    def __init__(
        self,
        backbone: nn.Module,
        channels: Count,
        num_classes: Count,
        *,
        pooling: Pooling = "avg",
        embedding: EmbeddingSize | None = None,
        neck: Neck = "bnneck",
        dropout: PartialShare = 0.0,
        freeze_backbone_epochs: Natural = 0,
    ) -> None:
        super().__init__()
        self.embedding_size = size = embedding or channels
        self.freeze_backbone_epochs = freeze_backbone_epochs
        self.backbone, self.channels = backbone, channels
        self.pool = make_pooling(pooling)
        self.embedding = nn.Linear(channels, size) if embedding else nn.Identity()
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
