"""torchvision's ResNet-50 (He et al. 2016)."""

from typing import Literal

from torch import nn
from torchvision.models import ResNet50_Weights, resnet50
from typing_extensions import Unpack

from reid_lightning.models.backbones.torchvision_file import read_torchvision
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.make_embedder import EmbedderKeys, make_embedder
from reid_lightning.signatures import checked


@checked("model")
class ResNet50(nn.Sequential):
    """The convolutional part: maps of 2048 channels.

    Args:
        last_stride: stride of the last stage, 1 or 2; 1 doubles the height and width of the feature
            map (Luo et al. 2019).

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(self, last_stride: Literal[1, 2] = 2) -> None:
        network = resnet50(weights=None)
        super().__init__()
        for name, module in network.named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, module)
        if last_stride == 1:
            for module in network.layer4.modules():
                if getattr(module, "stride", None) == (2, 2):
                    module.stride = (1, 1)
        self.num_features = 2048
        # Not version 2: published scores of re-identification begin with these.
        self.pretrained = {"imagenet": lambda: read_torchvision(ResNet50_Weights.IMAGENET1K_V1.url)}


@checked("model")
def resnet50_embedder(*, last_stride: Literal[1, 2], **keys: Unpack[EmbedderKeys]) -> Embedder:
    """An embedder with a ResNet-50 backbone, from the keys of `conf/model/resnet50.yaml`."""
    return make_embedder(ResNet50(last_stride), **keys)
