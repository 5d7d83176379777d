import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_lightning.models.backbones.ibn import IBN
from reid_lightning.models.backbones.mobilenet_v2 import MobileNetV2


def batch_norm(channels: int) -> nn.BatchNorm2d:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(channels)
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        tensor.data = torch.randn(channels)
    norm.running_var = torch.rand(channels) + 0.5
    return norm


def reference(norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
    """torch's own two normalisations, each of its half; moves `norm`'s running statistics."""
    half = maps.shape[1] // 2
    weight, bias = norm.weight, norm.bias
    first = F.instance_norm(maps[:, :half], weight=weight[:half], bias=bias[:half])
    second = F.batch_norm(
        *(maps[:, half:], norm.running_mean[half:], norm.running_var[half:]),
        *(weight[half:], bias[half:], norm.training),
    )
    return torch.cat([first, second], 1)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", [2, 4, 7])
def test_each_half_is_normalised_as_torch_does(channels: int, training: bool) -> None:
    norm = batch_norm(channels).double().train(training)
    ours = IBN(copy.deepcopy(norm)).train(training)
    maps = 3 + 2 * torch.randn(5, channels, 6, 3, dtype=torch.float64)
    both = [maps.clone().requires_grad_() for _ in range(2)]
    found, wanted = ours(both[0]), reference(norm, both[1])
    assert torch.allclose(found, wanted, atol=1e-10)
    seed = torch.randn_like(wanted)
    found.backward(seed)
    wanted.backward(seed)
    pairs = ((both[0], both[1]), (ours.weight, norm.weight), (ours.bias, norm.bias))
    for mine, theirs in pairs:
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-8)
    assert torch.allclose(ours.running_mean, norm.running_mean)
    assert torch.allclose(ours.running_var, norm.running_var)
    assert ours.num_batches_tracked == training


def test_half_precision_is_normalised_in_float32_and_layout_stays() -> None:
    ours = IBN(batch_norm(8))
    maps = (100 + torch.randn(2, 8, 16, 8)).to(memory_format=torch.channels_last)
    exact = ours(maps)
    half = ours(maps.bfloat16())
    assert half.dtype == torch.bfloat16 and half.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(half.float(), ours(maps.bfloat16().float()), atol=0.05)
    assert exact.is_contiguous(memory_format=torch.channels_last)


def test_weights_of_a_plain_network_are_those_of_one_with_ibn() -> None:
    plain, ours = MobileNetV2(0.35), MobileNetV2(0.35, ibn=True)
    assert {n: x.shape for n, x in plain.state_dict().items()} == {
        n: x.shape for n, x in ours.state_dict().items()
    }
    ours.load_state_dict(plain.state_dict())
    assert [n for n, m in ours.named_modules() if isinstance(m, IBN)] == [
        f"{block}.conv.0.1" for block in range(2, 8)
    ]


def test_a_picture_in_other_light_stays_nearer_to_itself() -> None:
    """Half of the channels do not see a change of brightness and contrast at all."""
    torch.manual_seed(0)
    maps = torch.randn(1, 6, 12, 6)
    ours = IBN(batch_norm(6)).eval()
    light = ours(1.7 * maps + 0.4)
    assert torch.allclose(light[:, :3], ours(maps)[:, :3], atol=1e-4)
    assert not torch.allclose(light[:, 3:], ours(maps)[:, 3:], atol=0.1)
