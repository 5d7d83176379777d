from collections import Counter

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from reid_lightning.data.augmentation.crop import flip_and_crop

PICTURES = torch.randint(0, 256, (40, 13, 7, 3), dtype=torch.uint8)


@pytest.mark.parametrize("padding", [0, 2, 9])  # 9: a window may miss the picture
def test_every_picture_is_flipped_padded_and_cropped_as_torchvision_does(padding: int) -> None:
    uniforms = np.random.default_rng(0).random((40, 3))
    result = flip_and_crop(PICTURES, uniforms, 0.5, padding)
    for picture, cropped, (flip, *corner) in zip(PICTURES, result, uniforms, strict=True):
        expected = picture.permute(2, 0, 1)
        if flip < 0.5:
            expected = F.horizontal_flip(expected)
        top, left = (int(number * (2 * padding + 1)) for number in corner)
        expected = F.crop(F.pad(expected, [padding]), top, left, 13, 7)
        assert torch.equal(cropped.permute(2, 0, 1), expected)


def test_flips_and_corners_are_uniform_both_ends_included() -> None:
    pictures = torch.zeros(8_000, 5, 5, 3, dtype=torch.uint8)
    pictures[:, 2, 2, 0], pictures[:, 2, 2, 1] = 1, 1
    pictures[:, 2, 3, 2] = 1  # right of the middle, until it is flipped
    uniforms = np.random.default_rng(1).random((8_000, 3))
    result = flip_and_crop(pictures, uniforms, 0.3, 1)
    position = result[..., 0].flatten(1).argmax(1)
    count = Counter(position.tolist())
    assert sorted(count) == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    assert all(abs(n / 8_000 - 1 / 9) < 0.015 for n in count.values())
    flipped = (result[..., 2].flatten(1).argmax(1) < position).float().mean()
    assert abs(float(flipped) - 0.3) < 0.02
