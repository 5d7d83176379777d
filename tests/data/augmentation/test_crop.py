from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from reid_lightning.data.augmentation.crop import windows
from reid_lightning.data.augmentation.cropped import cropped_input_numba, cropped_input_torch
from reid_lightning.data.augmentation.to_input import to_network_input

PICTURES = torch.randint(0, 256, (40, 13, 7, 3), dtype=torch.uint8)


@pytest.mark.parametrize("crop", [cropped_input_numba, cropped_input_torch])
@pytest.mark.parametrize("padding", [0, 2, 9])  # 9: a window may miss the picture
def test_every_picture_is_flipped_padded_and_cropped_as_torchvision_does(
    padding: int, crop: Callable[..., torch.Tensor]
) -> None:
    uniforms = np.random.default_rng(0).random((40, 3))
    result = crop(PICTURES, windows(uniforms, 0.5, padding), np.zeros((40, 4), dtype=np.int64))
    for picture, cropped, (flip, *corner) in zip(PICTURES, result, uniforms, strict=True):
        expected = picture.permute(2, 0, 1)
        if flip < 0.5:
            expected = F.horizontal_flip(expected)
        top, left = (int(number * (2 * padding + 1)) for number in corner)
        expected = F.crop(F.pad(expected, [padding]), top, left, 13, 7).permute(1, 2, 0)
        assert torch.equal(cropped, to_network_input(expected[None].contiguous())[0])


def test_flips_and_corners_are_uniform_both_ends_included() -> None:
    uniforms = np.random.default_rng(1).random((8_000, 3))
    flipped, down, right = windows(uniforms, 0.3, 1).T
    count = Counter(zip(down.tolist(), right.tolist(), strict=True))
    assert sorted(count) == [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    assert all(abs(n / 8_000 - 1 / 9) < 0.015 for n in count.values())
    assert abs(flipped.mean() - 0.3) < 0.02
