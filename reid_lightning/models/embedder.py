"""The network: backbone, pooling, embedding, neck and classifier."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn

from reid_lightning.errors import ReIDError
from reid_lightning.models.pooling import Pooling, make_pooling, stripes
from reid_lightning.signatures import Count, Natural, PartialShare, checked

Neck = Literal["bnneck", "none"]
EmbeddingSize = Annotated[int, Ge(1), Le(65536)]
PartCount = Annotated[int, Ge(0), Le(64)]


class Features(NamedTuple):
    """The network's outputs for a batch.

    `metric` [B, D] is for the metric loss, `retrieval` [B, D] are the embeddings to rank by,
    `logits` [B, num_classes] are for the identity loss. Of a network with parts, `metric` and
    `retrieval` are the feature of the whole map [B, d], then those of its stripes from the top,
    and `logits` [B, parts + 1, num_classes] those of each.
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

    With parts, the map is pooled whole and in horizontal stripes (Sun et al. 2018; with the whole,
    Wang et al. 2018, "MGN"), each with an embedding layer, BNNeck and classifier of its own.

    Args:
        backbone: pictures [B, 3, H, W] → maps [B, num_features, h, w], with an attribute
            `num_features` (timm's convention).
        num_classes: training identities.
        pooling: `avg`, `max` or `gem`.
        embedding: size d of an embedding layer; None: no such layer, d = num_features.
        parts: number of stripes, from 2 to the map's height; 0: none. D = (parts + 1) · d.
        reduction: (num_features, d) → the embedding layer.
        neck: `bnneck` or `none`.
        dropout: probability, before the classifier.
        freeze_backbone_epochs: number of first epochs that do not train the backbone.

    Raises:
        ReIDError: an unknown pooling or neck, a number out of its range, or a backbone without
            `num_features`; or, in `forward`, more parts than rows of the map.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: Count,
        *,
        pooling: Pooling = "avg",
        embedding: EmbeddingSize | None = None,
        parts: PartCount = 0,
        reduction: Callable[[int, int], nn.Module] = nn.Linear,
        neck: Neck = "bnneck",
        dropout: PartialShare = 0.0,
        freeze_backbone_epochs: Natural = 0,
    ) -> None:
        super().__init__()
        channels = _num_features(backbone)
        if parts == 1:
            raise ReIDError(
                "model.parts=1 would pool the whole map twice: set 0 for none, or 2 or more."
            )
        self.parts, self.head_size = parts, embedding or channels
        self.embedding_size = (parts + 1) * self.head_size
        self.freeze_backbone_epochs = freeze_backbone_epochs
        self.backbone = backbone
        self.pool = make_pooling(pooling)
        layers = [
            reduction(channels, embedding) if embedding else nn.Identity() for _ in range(parts + 1)
        ]
        # One normalisation of the joined feature: it is by channel, so the same as one for each.
        self.neck = nn.BatchNorm1d(self.embedding_size) if neck == "bnneck" else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        classifiers = [
            nn.Linear(self.head_size, num_classes, bias=neck == "none") for _ in range(parts + 1)
        ]
        for classifier in classifiers:
            nn.init.normal_(classifier.weight, std=0.001)
        self.embedding, self.classifier = layers[0], classifiers[0]
        self.part_embeddings = nn.ModuleList(layers[1:])
        self.part_classifiers = nn.ModuleList(classifiers[1:])
        if isinstance(self.neck, nn.BatchNorm1d):
            self.neck.bias.requires_grad_(False)

    def forward(self, images: Tensor) -> Features:
        """The outputs for pictures [B, 3, H, W], normalised with ImageNet's mean and deviation."""
        maps = self.backbone(images)
        if not self.parts:
            metric = self.embedding(self.pool(maps))
            retrieval = self.neck(metric)
            return Features(metric, retrieval, self.classifier(self.dropout(retrieval)))
        layers = self.embedding, *self.part_embeddings
        regions = maps, *stripes(maps, self.parts)
        pooled = zip(layers, regions, strict=True)
        metric = torch.cat([layer(self.pool(region)) for layer, region in pooled], 1)
        retrieval = self.neck(metric)
        heads = self.dropout(retrieval).split(self.head_size, 1)
        classifiers = self.classifier, *self.part_classifiers
        logits = [classify(head) for classify, head in zip(classifiers, heads, strict=True)]
        return Features(metric, retrieval, torch.stack(logits, 1))


def _num_features(backbone: nn.Module) -> int:
    channels: Any = getattr(backbone, "num_features", None)
    if type(channels) is not int or channels < 1:
        raise ReIDError(
            f"The backbone {type(backbone).__name__} has num_features={channels!r}: set it, in its "
            "__init__, to the number of channels of its maps."
        )
    return channels
