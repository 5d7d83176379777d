"""torchvision's MobileNetV2 (Sandler et al. 2018) as a backbone: pictures → feature maps."""

from torch import nn
from torchvision.models import mobilenet_v2

from reid_lightning.errors import check_choice


def mobilenet_v2_features(width: float = 1.0, last_stride: int = 2) -> tuple[nn.Sequential, int]:
    """The convolutional part and its number of output channels (1280 up to width 1).

    Args:
        width: multiplies the number of channels.
        last_stride: of the last downsampling block; 1 doubles the feature map's height and width
            (Luo et al. 2019).

    Raises:
        ReIDError: `last_stride` is neither 1 nor 2.
    """
    check_choice("model.last_stride", last_stride, (1, 2))
    network = mobilenet_v2(weights=None, width_mult=width)
    if last_stride == 1:
        strided = [m for m in network.features.modules() if getattr(m, "stride", None) == (2, 2)]
        strided[-1].stride = (1, 1)
    return network.features, network.last_channel
