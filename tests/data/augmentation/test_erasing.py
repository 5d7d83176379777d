from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from reid_lightning.data.augmentation.cropped import cropped_input_numba, cropped_input_torch
from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS, boxes
from reid_lightning.data.augmentation.to_input import to_network_input

Box = tuple[int, ...]


def uniforms(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, ERASING_COLUMNS))


@pytest.mark.parametrize("crop", [cropped_input_numba, cropped_input_torch])
def test_a_box_is_erased_as_torchvision_does(crop: Callable[..., torch.Tensor]) -> None:
    pictures = torch.randint(0, 256, (50, 32, 16, 3), dtype=torch.uint8)
    chosen = boxes(uniforms(50), 32, 16, 0.5)
    expected, erased = to_network_input(pictures), 0
    for image, (top, left, bottom, right) in zip(expected, chosen.tolist(), strict=True):
        size = bottom - top, right - left
        image[:] = F.erase(image, top, left, *size, torch.zeros(3, 1, 1))
        erased += min(size) > 0
    assert 15 < erased < 35
    assert torch.equal(crop(pictures, np.zeros((50, 3), dtype=np.int64), chosen), expected)


def torchvision_boxes(height: int, width: int, count: int) -> list[Box]:
    peer = v2.RandomErasing(1.0, scale=(0.02, 0.4), ratio=(0.3, 3.33))
    torch.manual_seed(0)
    parameters = [peer.make_params([torch.empty(3, height, width)]) for _ in range(count)]
    return [tuple(p[key] for key in "ijhw") for p in parameters if p["v"] is not None]


@pytest.mark.parametrize(("height", "width"), [(128, 64), (40, 4)])  # 40 × 4: many tries fail
def test_boxes_are_distributed_as_torchvisions(height: int, width: int) -> None:
    """Quantiles of area, aspect and position: 5,000 of our boxes against 5,000 of torchvision's."""
    chosen = boxes(uniforms(5_000), height, width, 1.0)
    top, left, bottom, right = chosen[chosen.any(axis=1)].T
    ours = np.stack([top, left, bottom - top, right - left], axis=1)
    peer = np.array(torchvision_boxes(height, width, 5_000))
    assert abs(len(ours) - len(peer)) < 120  # 3.5 standard deviations
    for top, left, tall, wide in (ours.T, peer.T):
        assert (tall < height).all() and (wide < width).all()
        assert (top + tall <= height).all() and (left + wide <= width).all()
        assert top.min() == left.min() == 0
        assert (top + tall).max() == height and (left + wide).max() == width
    quantiles = np.linspace(0.05, 0.95, 10)

    def profile(boxes: np.ndarray) -> np.ndarray:
        top, left, tall, wide = boxes.T
        measured = (
            tall * wide / (height * width),
            np.log(tall / wide) / 3,
            (top + tall / 2) / height,
            (left + wide / 2) / width,
        )
        return np.array([np.quantile(values, quantiles) for values in measured])

    # A step of one pixel is a quarter of the narrow picture's width.
    assert np.abs(profile(ours) - profile(peer)).max() < (0.02 if width > 4 else 0.13)
