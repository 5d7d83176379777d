from itertools import permutations

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from reid_lightning.data.augmentation.jitter import (
    CHANGES,
    JITTER_COLUMNS,
    color_jitter,
    jitter_torch,
)

PEERS = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
IMAGES = torch.rand(6, 3, 12, 9, generator=torch.Generator().manual_seed(0))
IMAGES[0] = 0.4  # grey all over
IMAGES[1, :, :4] = torch.tensor([1.0, 0.0, 1.0])[:, None, None]  # two channels share the maximum
IMAGES[2] = IMAGES[2].round()


@pytest.mark.parametrize("change", range(4))
def test_every_change_equals_torchvisions(change: int) -> None:
    factors = torch.tensor([0.0, 0.3, 0.5, 1.0, 1.4, 2.0]) * (0.25 if change == 3 else 1)
    factors = factors * torch.tensor([1, -1, 1, 1, -1, 1]) if change == 3 else factors
    changed = CHANGES[change](IMAGES, factors.view(-1, 1, 1, 1))
    for result, image, factor in zip(changed, IMAGES, factors.tolist(), strict=True):
        assert torch.allclose(result, PEERS[change](image, factor), rtol=0, atol=2e-6)


def test_each_picture_has_its_own_order_and_is_rounded_once() -> None:
    strengths = (0.4, 0.3, 0.5, 0.1)
    pictures = (IMAGES.repeat(8, 1, 1, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    uniforms = np.random.default_rng(0).random((48, JITTER_COLUMNS))
    result = color_jitter(pictures.contiguous(), uniforms, strengths)
    for picture, jittered, numbers in zip(pictures, result, uniforms, strict=True):
        expected = picture.permute(2, 0, 1) / 255
        for change in numbers[4:].argsort():
            middle = 0 if change == 3 else 1
            factor = middle + strengths[change] * (2 * numbers[change] - 1)
            expected = PEERS[change](expected, float(factor))
        difference = jittered.permute(2, 0, 1) - 255 * expected
        assert difference.abs().max() < 0.51


def test_factors_and_orders_are_distributed_as_torchvisions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The factors and the order of the four changes, for 4,800 pictures of one pixel."""
    strengths = (0.4, 1.5, 0.5, 0.1)
    peer = v2.ColorJitter(*strengths)
    limits = (peer.brightness, peer.contrast, peer.saturation, peer.hue)
    assert limits[1] == (0, 2.5)  # never below zero
    uniforms = np.random.default_rng(0).random((4_800, JITTER_COLUMNS))
    factors: dict[int, list[float]] = {change: [] for change in range(4)}

    def recorder(change: int):  # noqa: ANN202
        def record(images: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
            factors[change] += factor.flatten().tolist()
            return images

        return record

    module = "reid_lightning.data.augmentation.jitter"
    monkeypatch.setattr(f"{module}.CHANGES", tuple(recorder(change) for change in range(4)))
    monkeypatch.setattr(f"{module}.jitter_numba", jitter_torch)
    color_jitter(torch.zeros(4_800, 1, 1, 3, dtype=torch.uint8), uniforms, strengths)
    for change, (low, high) in enumerate(limits):
        assert len(factors[change]) == 4_800
        quantiles = np.quantile(factors[change], [0, 0.25, 0.5, 0.75, 1])
        assert np.abs(quantiles - np.linspace(low, high, 5)).max() < 0.02 * (high - low)
    orders = [tuple(order) for order in uniforms[:, 4:].argsort(axis=1).tolist()]
    shares = [orders.count(order) / 4_800 for order in permutations(range(4))]
    assert max(abs(share - 1 / 24) for share in shares) < 0.012


def test_a_change_without_strength_is_left_out() -> None:
    pictures = torch.randint(0, 256, (4, 6, 5, 3), dtype=torch.uint8)
    uniforms = np.random.default_rng(0).random((4, JITTER_COLUMNS))
    assert torch.equal(color_jitter(pictures, uniforms, (0, 0, 0, 0)), pictures)
    assert not torch.equal(color_jitter(pictures, uniforms, (0, 0, 0, 0.2)), pictures)
