"""torchvision's ResNet-50 (He et al. 2016)."""

import re
from collections.abc import Iterable
from typing import Literal

from torch import nn
from torchvision.models import ResNet50_Weights, resnet50
from typing_extensions import Unpack

from reid_lightning.models.backbones.torchvision_file import read_torchvision
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.make_embedder import EmbedderKeys, make_embedder
from reid_lightning.signatures import checked

Stem = Literal["torchvision", "fast_reid", "bag_of_tricks"] | None

_FAST_REID = re.compile(r"(^|\.)heads\.")
_BAG_OF_TRICKS = re.compile(r"(^|\.)bottleneck\.running_mean$")


@checked("model")
class ResNet50(nn.Sequential):
    """The convolutional part: maps of 2048 channels.

    Args:
        last_stride: stride of the last stage, 1 or 2; 1 doubles the height and width of the feature
            map (Luo et al. 2019).
        stem: whose first layers. fast-reid's max pooling is not padded, and the bag of tricks (Luo
            et al. 2019) has no ReLU before it. None: torchvision's, which weights of the others
            are not scored with.

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(self, last_stride: Literal[1, 2] = 2, stem: Stem = None) -> None:
        network = resnet50(weights=None)
        super().__init__()
        for name, module in network.named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, module)
        if last_stride == 1:
            for module in network.layer4.modules():
                if getattr(module, "stride", None) == (2, 2):
                    module.stride = (1, 1)
        if stem == "fast_reid":
            self.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        if stem == "bag_of_tricks":
            self.relu = nn.Identity()
        self.num_features, self.stem = 2048, stem
        # Not version 2: published scores of re-identification begin with these.
        self.pretrained = {"imagenet": lambda: read_torchvision(ResNet50_Weights.IMAGENET1K_V1.url)}

    def other_variant(self, names: Iterable[str]) -> str | None:
        """Why a file with tensors of these names was trained with another stem, if it was."""
        names = tuple(names)
        if self.stem is not None:
            return None
        if any(map(_FAST_REID.search, names)):
            whose, stem, what = "fast-reid", "fast_reid", "max pooling that is not padded"
        elif any(map(_BAG_OF_TRICKS.search, names)):
            whose, stem, what = "the bag of tricks", "bag_of_tricks", "no ReLU before its pooling"
        else:
            return None
        return (
            f"it has the names of {whose}, whose network begins with {what}: set "
            f"model.stem={stem} (or torchvision, if this one does not), and model.last_stride=1 "
            "if it was trained so, as most were"
        )


@checked("model")
def resnet50_embedder(
    *, last_stride: Literal[1, 2], stem: Stem = None, **keys: Unpack[EmbedderKeys]
) -> Embedder:
    """An embedder with a ResNet-50 backbone, from the keys of `conf/model/resnet50.yaml`."""
    return make_embedder(ResNet50(last_stride, stem), **keys)
