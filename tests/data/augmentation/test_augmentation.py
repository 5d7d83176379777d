from typing import Any

import numpy as np
import pytest
import torch

from reid_lightning.data.augmentation.augmentation import COLUMNS, Augmentation, uniforms
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.errors import ReIDError

PICTURES = torch.randint(1, 256, (6, 32, 16, 3), dtype=torch.uint8)
STRONG: dict[str, Any] = {
    "flip": 0.5, "crop_padding": 0.04, "erasing": 0.5, "jitter": [0.2, 0.15, 0.1, 0.05],
}  # fmt: skip
DRAWS = uniforms(3, (1, 2, 0), 6)


def test_random_numbers_belong_to_a_place_in_the_global_batch() -> None:
    alone = uniforms(3, (1, 2, 0), 8)
    assert alone.shape == (8, COLUMNS) and 0 <= alone.min() <= alone.max() < 1
    ranks = [uniforms(3, (1, 2, first), 4) for first in (0, 4)]
    assert np.array_equal(np.vstack(ranks), alone)
    others = [uniforms(4, (1, 2, 0), 8), uniforms(3, (2, 2, 0), 8), uniforms(3, (1, 1, 0), 8)]
    assert all(not np.isin(other, alone).any() for other in others)


def test_nothing_switched_on_is_normalisation_alone() -> None:
    assert torch.equal(Augmentation()(PICTURES, DRAWS), to_network_input(PICTURES))


@pytest.mark.parametrize("option", STRONG)
def test_every_augmentation_changes_pictures_and_leaves_the_pixels_alone(option: str) -> None:
    before = PICTURES.clone()
    images = Augmentation(**{option: STRONG[option]})(PICTURES, DRAWS)
    assert images.shape == (6, 3, 32, 16) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(images, to_network_input(PICTURES))
    assert torch.equal(PICTURES, before)


def test_a_picture_depends_on_its_own_numbers_alone() -> None:
    together = Augmentation(**STRONG)(PICTURES, DRAWS)
    for place in range(6):
        alone = Augmentation(**STRONG)(PICTURES[place : place + 1], DRAWS[place : place + 1])
        assert torch.equal(alone[0], together[place])


def test_boxes_are_filled_with_the_mean_colour_after_normalisation() -> None:
    images = Augmentation(erasing=1.0)(PICTURES, DRAWS)
    erased = images == 0
    assert erased.any(1).equal(erased.all(1)) and erased.flatten(1).any(1).all()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"flip": 1.5}, "augmentation.flip=1.5 must be 1 or less"),
        ({"erasing": -0.1}, "augmentation.erasing=-0.1 must be 0 or more"),
        ({"jitter": [0.2]}, "augmentation.jitter"),
        ({"jitter": [0.2, 0.2, 0.2, 0.7]}, "hue"),
    ],
)
def test_what_makes_no_sense_is_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ReIDError, match=told):
        Augmentation(**options)


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_result_and_is_never_waited_for() -> None:
    expected = Augmentation(**STRONG)(PICTURES, DRAWS)
    pictures = PICTURES.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        images = Augmentation(**STRONG)(pictures, DRAWS)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.allclose(images.cpu(), expected, atol=0.02)  # a level of 255, rounded otherwise
