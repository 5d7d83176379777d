"""Fold batch normalisation into convolutions: the same network in fewer passes over its maps."""

import copy
from itertools import pairwise
from typing import TypeVar

from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """A copy that no longer learns: the network's function, but for rounding.

    In eval mode a batch normalisation multiplies and adds constants, which the convolution before
    it does as well (Jacob et al. 2018, "Quantization and Training of Neural Networks", section
    3.2). Done for a `Conv2d` and the `BatchNorm2d` behind it in an `nn.Sequential`, as all of
    MobileNetV2's are; where a network's own code says what follows what, nothing is changed.

    Args:
        network: is not changed.

    Returns:
        It is in eval mode, and cannot be trained.
    """
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if type(module).forward is nn.Sequential.forward:
            _fold_children(module)
    return network.eval().requires_grad_(False)


def _fold_children(sequence: nn.Module) -> None:
    names = list(sequence._modules)
    for first, second in pairwise(names):
        convolution, norm = sequence._modules[first], sequence._modules[second]
        if (
            type(convolution) is nn.Conv2d  # not a subclass, whose output may be another
            and type(norm) is nn.BatchNorm2d
            and norm.running_mean is not None
            and not (_has_hooks(convolution) or _has_hooks(norm))
        ):
            sequence._modules[first] = fuse_conv_bn_eval(convolution, norm)
            sequence._modules[second] = nn.Identity()


def _has_hooks(module: nn.Module) -> bool:
    """Whether something else acts on it, such as spectral normalisation on a weight."""
    return bool(module._forward_hooks or module._forward_pre_hooks)
