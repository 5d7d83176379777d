"""torchvision's MobileNetV2 (Sandler et al. 2018): as a backbone, and the embedder with it."""

from typing import Annotated, Literal

from annotated_types import Ge, Le
from torch import nn
from torchvision.models import mobilenet_v2

from reid_lightning.models.embedder import Embedder, EmbeddingSize, Neck
from reid_lightning.models.pooling import Pooling
from reid_lightning.models.weights import load_weights
from reid_lightning.signatures import Count, Natural, PartialShare, Text, checked

Width = Annotated[float, Ge(0.05), Le(10)]
Stride = Literal[1, 2]


@checked("model")
def mobilenet_v2_features(width: Width = 1.0, last_stride: Stride = 2) -> tuple[nn.Sequential, int]:
    """The convolutional part, and its number of output channels (1280 for widths up to 1).

    Args:
        width: factor of the number of channels, from 0.05 to 10.
        last_stride: stride of the last downsampling block, 1 or 2; 1 doubles the height and width
            of the feature map (Luo et al. 2019).

    Raises:
        ReIDError: an argument is out of its range.
    """
    network = mobilenet_v2(weights=None, width_mult=width)
    if last_stride == 1:
        strided = [m for m in network.features.modules() if getattr(m, "stride", None) == (2, 2)]
        strided[-1].stride = (1, 1)
    return network.features, network.last_channel


@checked("model")
def mobilenet_v2_embedder(
    *,
    num_classes: Count,
    width: Width,
    last_stride: Stride,
    pooling: Pooling,
    embedding: EmbeddingSize | None,
    neck: Neck,
    dropout: PartialShare,
    weights: Text,
    freeze_backbone_epochs: Natural,
    compile: bool,
) -> Embedder:
    """An embedder with a MobileNetV2 backbone, from the keys of `conf/model/mobilenet_v2.yaml`."""
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
        model.compile()  # in place: `torch.compile(model)` would rename the weights
    return model
