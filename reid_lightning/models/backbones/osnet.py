"""OSNet: omni-scale feature learning for person re-identification (Zhou et al. 2019)."""

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Le, MultipleOf
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Unpack

from reid_lightning.models.embedder import Embedder
from reid_lightning.models.make_embedder import EmbedderKeys, make_embedder
from reid_lightning.signatures import checked

Width = Annotated[float, Ge(0.25), Le(1), MultipleOf(0.25)]

_CHANNELS = (64, 256, 384, 512)
_STREAMS = "abcd"  # stream n sees 2n + 1 pixels


class Conv(nn.Sequential):
    """Convolution, batch normalisation and, but for a linear one, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, size: int = 1, stride: int = 1, *, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        if not linear:
            self.relu = nn.ReLU(inplace=True)


class LightConv(nn.Sequential):
    """A 1×1 convolution and a depthwise 3×3, then batch normalisation and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)


class Gate(nn.Module):
    """Weighs every channel by a number between 0 and 1 that it reads from all of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] → [B, C, h, w]."""
        means = x.mean((2, 3), keepdim=True)
        weights: Tensor = self.fc2(F.relu(self.fc1(means))).sigmoid()
        return x * weights


class Block(nn.Module):
    """A residual of four streams, of one to four light convolutions, summed by one shared gate."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        middle = outputs // 4
        self.conv1 = Conv(inputs, middle)
        self.conv2a = LightConv(middle)
        for length, letter in enumerate(_STREAMS[1:], start=2):
            stream = nn.Sequential(*(LightConv(middle) for _ in range(length)))
            self.add_module(f"conv2{letter}", stream)
        self.gate = Gate(middle)
        self.conv3 = Conv(middle, outputs, linear=True)
        self.downsample = Conv(inputs, outputs, linear=True) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] → [B, outputs, h, w]."""
        middle = self.conv1(x)
        streams = (self.gate(getattr(self, f"conv2{letter}")(middle)) for letter in _STREAMS)
        return F.relu(self.conv3(sum(streams)) + self.downsample(x))


@checked("model")
class OSNet(nn.Sequential):
    """The convolutional part, with the names of torchreid's: maps of 512 × width channels.

    Args:
        width: factor of the number of channels: 0.25, 0.5, 0.75 or 1.

    Raises:
        ReIDError: it is none of these.
    """

    def __init__(self, width: Width = 1.0) -> None:
        super().__init__()
        first, second, third, fourth = (int(width * channels) for channels in _CHANNELS)
        self.conv1 = Conv(3, first, 7, stride=2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = nn.Sequential(*self._blocks(first, second), self._halving(second))
        self.conv3 = nn.Sequential(*self._blocks(second, third), self._halving(third))
        self.conv4 = nn.Sequential(*self._blocks(third, fourth))
        self.conv5 = Conv(fourth, fourth)
        self.num_features = fourth
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @staticmethod
    def _blocks(inputs: int, outputs: int) -> tuple[Block, Block]:
        return Block(inputs, outputs), Block(outputs, outputs)

    @staticmethod
    def _halving(channels: int) -> nn.Sequential:
        return nn.Sequential(Conv(channels, channels), nn.AvgPool2d(2))

    @staticmethod
    def other_names(names: Iterable[str]) -> list[dict[str, str]]:
        """torchreid's: the fully connected layer behind the backbone is its, too."""
        layer = [f"0.{name}" for name in ("weight", "bias")]
        layer += [f"1.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
        own = {name.removeprefix("backbone."): name for name in names}
        return [own | {f"fc.{name}": f"embedding.{name}" for name in layer}]


class FullyConnected(nn.Sequential):
    """A linear layer, batch normalisation and ReLU: what OSNet's embeddings come from."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(nn.Linear(channels, size), nn.BatchNorm1d(size), nn.ReLU())


@checked("model")
def osnet_embedder(*, width: Width, **keys: Unpack[EmbedderKeys]) -> Embedder:
    """An embedder with an OSNet backbone, from the keys of `conf/model/osnet.yaml`."""
    return make_embedder(OSNet(width), reduction=FullyConnected, **keys)
