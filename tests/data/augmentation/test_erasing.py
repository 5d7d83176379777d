import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from reid_lightning.data.augmentation.erasing import ERASING_COLUMNS, boxes, erase

Box = tuple[int, ...]


def uniforms(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, ERASING_COLUMNS))


def test_a_box_is_erased_as_torchvision_does() -> None:
    images = torch.randn(50, 3, 32, 16).to(memory_format=torch.channels_last)
    chosen = boxes(uniforms(50), 32, 16, 0.5)
    erased = images.clone()
    erase(erased, chosen)
    for picture, top, left, height, width in chosen:
        images[picture] = F.erase(images[picture], top, left, height, width, torch.zeros(3, 1, 1))
    assert 15 < len(chosen) < 35
    assert torch.equal(erased, images)


def torchvision_boxes(height: int, width: int, count: int) -> list[Box]:
    peer = v2.RandomErasing(1.0, scale=(0.02, 0.4), ratio=(0.3, 3.33))
    torch.manual_seed(0)
    parameters = [peer.make_params([torch.empty(3, height, width)]) for _ in range(count)]
    return [tuple(p[key] for key in "ijhw") for p in parameters if p["v"] is not None]


@pytest.mark.parametrize(("height", "width"), [(128, 64), (40, 4)])  # 40 × 4: many tries fail
def test_boxes_are_distributed_as_torchvisions(height: int, width: int) -> None:
    """Quantiles of area, aspect and position: 5,000 of our boxes against 5,000 of torchvision's."""
    ours = np.array([box[1:] for box in boxes(uniforms(5_000), height, width, 1.0)])
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
