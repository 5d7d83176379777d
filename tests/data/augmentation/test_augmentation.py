from typing import Any

import numpy as np
import pytest
import torch

from reid_lightning.data.augmentation import streams
from reid_lightning.data.augmentation.augmentation import Augmentation
from reid_lightning.data.augmentation.streams import COLUMNS, augmentation_uniforms
from reid_lightning.data.augmentation.to_input import to_network_input
from reid_lightning.errors import ReIDError

PICTURES = torch.randint(1, 256, (6, 32, 16, 3), dtype=torch.uint8)
STRONG: dict[str, Any] = {
    "flip": 0.5, "crop_padding": 0.04, "erasing": 0.5, "jitter": [0.2, 0.15, 0.1, 0.05],
}  # fmt: skip
UNIFORMS = augmentation_uniforms(3, (1, 2, 0), 6)


def test_random_numbers_depend_on_the_position_in_the_global_batch_alone() -> None:
    alone = augmentation_uniforms(3, (1, 2, 0), 8)
    assert alone.shape == (8, COLUMNS) and 0 <= alone.min() <= alone.max() < 1
    ranks = [augmentation_uniforms(3, (1, 2, first), 4) for first in (0, 4)]
    assert np.array_equal(np.vstack(ranks), alone)
    others = [
        augmentation_uniforms(4, (1, 2, 0), 8),
        augmentation_uniforms(3, (2, 2, 0), 8),
        augmentation_uniforms(3, (1, 1, 0), 8),
    ]
    assert all(not np.isin(other, alone).any() for other in others)


def test_another_augmentation_does_not_change_the_numbers_of_these(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "STREAMS", {"blur": 2, **streams.STREAMS, "grey": 1})
    assert np.array_equal(augmentation_uniforms(3, (1, 2, 0), 6)[:, 2:-1], UNIFORMS)


def test_without_options_pictures_are_only_normalised() -> None:
    assert torch.equal(Augmentation()(PICTURES, UNIFORMS), to_network_input(PICTURES))


@pytest.mark.parametrize("option", STRONG)
def test_every_augmentation_changes_the_result_and_not_its_argument(option: str) -> None:
    before = PICTURES.clone()
    images = Augmentation(**{option: STRONG[option]})(PICTURES, UNIFORMS)
    assert images.shape == (6, 3, 32, 16) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(images, to_network_input(PICTURES))
    assert torch.equal(PICTURES, before)


def test_a_picture_depends_only_on_its_own_random_numbers() -> None:
    together = Augmentation(**STRONG)(PICTURES, UNIFORMS)
    for row in range(6):
        alone = Augmentation(**STRONG)(PICTURES[row : row + 1], UNIFORMS[row : row + 1])
        assert torch.equal(alone[0], together[row])


def test_boxes_are_filled_with_the_mean_colour_after_normalisation() -> None:
    images = Augmentation(erasing=1.0)(PICTURES, UNIFORMS)
    erased = images == 0
    assert erased.any(1).equal(erased.all(1)) and erased.flatten(1).any(1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flip": 1.5}, "augmentation.flip=1.5 must be a number from 0 to 1"),
        ({"erasing": -0.1}, "augmentation.erasing=-0.1 must be a number from 0 to 1"),
        ({"jitter": [0.2]}, "augmentation.jitter=.* must be a list of 4"),
        ({"jitter": [0.2, 0.2, 0.2, 0.7]}, "augmentation.jitter=.*, a number from 0 to 0.5"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ReIDError, match=message):
        Augmentation(**options)


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_result_without_synchronising() -> None:
    expected = Augmentation(**STRONG)(PICTURES, UNIFORMS)
    pictures = PICTURES.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        images = Augmentation(**STRONG)(pictures, UNIFORMS)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.allclose(images.cpu(), expected, atol=0.02)  # a level of 255, rounded otherwise
