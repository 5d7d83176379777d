"""The network: backbone, pooling, embedding, neck and classifier."""

from typing import NamedTuple

from torch import Tensor, nn

from reid_lightning.errors import check_choice
from reid_lightning.models.mobilenet_v2 import mobilenet_v2_features
from reid_lightning.models.pooling import pooling as make_pooling
from reid_lightning.models.weights import load_weights


class Features(NamedTuple):
    """What the network says of a batch.

    `metric` [B, d] feeds the metric loss, `retrieval` [B, d] is what pictures are ranked by,
    `logits` [B, identities] feed the identity loss.
    """

    metric: Tensor
    retrieval: Tensor
    logits: Tensor


class Embedder(nn.Module):
    """Backbone → pooling → (embedding layer) → (BNNeck) → dropout → classifier.

    With a BNNeck (Luo et al. 2019) the metric loss sees the feature before the batch
    normalisation, the identity loss and retrieval the one after it; its shift stays at zero and
    the classifier has no bias. Without one, all three see the same feature.

    Args:
        backbone: pictures [B, 3, H, W] → maps [B, channels, h, w].
        channels: of the backbone's maps.
        num_classes: identities trained on.
        pooling: `avg`, `max` or `gem`.
        embedding: size of a linear embedding layer, or none for the pooled feature itself.
        neck: `bnneck` or `none`.
        dropout: probability in front of the classifier.
        freeze_backbone_epochs: for how long training leaves the backbone as it is.
    """

    def __init__(
        self,
        backbone: nn.Module,
        channels: int,
        num_classes: int,
        *,
        pooling: str = "avg",
        embedding: int | None = None,
        neck: str = "bnneck",
        dropout: float = 0.0,
        freeze_backbone_epochs: int = 0,
    ) -> None:
        super().__init__()
        check_choice("model.neck", neck, ("bnneck", "none"))
        self.embedding_size = size = embedding or channels
        self.freeze_backbone_epochs = freeze_backbone_epochs
        self.backbone = backbone
        self.pool = make_pooling(pooling)
        self.embedding = nn.Linear(channels, size) if embedding else nn.Identity()
        self.neck = nn.BatchNorm1d(size) if neck == "bnneck" else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(size, num_classes, bias=neck == "none")
        nn.init.normal_(self.classifier.weight, std=0.001)
        if isinstance(self.neck, nn.BatchNorm1d):
            self.neck.bias.requires_grad_(False)

    def forward(self, images: Tensor) -> Features:
        """Pictures [B, 3, H, W], normalised as ImageNet is."""
        metric = self.embedding(self.pool(self.backbone(images)))
        retrieval = self.neck(metric)
        return Features(metric, retrieval, self.classifier(self.dropout(retrieval)))


def mobilenet_v2(
    *,
    num_classes: int,
    width: float,
    last_stride: int,
    pooling: str,
    embedding: int | None,
    neck: str,
    dropout: float,
    weights: str,
    freeze_backbone_epochs: int,
    compile: bool,
) -> Embedder:
    """MobileNetV2 from the keys of `conf/model/mobilenet_v2.yaml`."""
    model = Embedder(
        *mobilenet_v2_features(width, last_stride),
        num_classes,
        pooling=pooling,
        embedding=embedding,
        neck=neck,
        dropout=dropout,
        freeze_backbone_epochs=freeze_backbone_epochs,
    )
    load_weights(model, weights)
    if compile:
        model.compile()  # in place, so that the weights keep their names
    return model
