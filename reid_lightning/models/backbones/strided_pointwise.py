"""1×1 convolutions with a stride, on pictures: without PyTorch's fault in their gradient."""

from torch import Tensor, nn


def without_strided_pointwise(network: nn.Module) -> None:
    """Let strided 1×1 convolutions of few channels read every stride-th pixel, in place.

    That is what they compute, so outputs and tensors' names stay. PyTorch 2.14's own gradient of
    them on a CPU, for channels-last maps of two to seven channels, writes past its memory and ends
    the process: the first layers of FastViT, MobileOne and RepVGG.
    """
    for layer in network.modules():
        if (
            isinstance(layer, nn.Conv2d)
            and layer.kernel_size == (1, 1)
            and layer.stride != (1, 1)
            and layer.padding == (0, 0)
            and layer.in_channels < 8
        ):
            layer.register_forward_pre_hook(_EveryPixel(*layer.stride))
            layer.stride = (1, 1)


class _EveryPixel:
    """A hook that can be copied and pickled with its layer."""

    def __init__(self, down: int, right: int) -> None:
        self.down, self.right = down, right

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        return inputs[0][:, :, :: self.down, :: self.right]
