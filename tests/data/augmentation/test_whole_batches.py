"""Whole batches at once give the pixels of one picture after the other, in few operations."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_augmentation import slow_augmentation

from benchmarks.device_operations import DeviceOperations
from reid_lightning.data import Augmentation
from reid_lightning.data.augmentation import cropped, jitter
from reid_lightning.data.augmentation.streams import COLUMNS

STANDARD: dict[str, Any] = {"flip": 0.5, "crop_padding": 0.04, "erasing": 0.5}
STRONG = STANDARD | {"jitter": (0.2, 0.15, 0.1, 0.05)}

probabilities = st.sampled_from([0.0, 0.5, 1.0])
options = st.fixed_dictionaries(
    {
        "flip": probabilities,
        "crop_padding": st.sampled_from([0.0, 0.04, 0.3, 1.0]),
        "erasing": probabilities,
        "jitter": st.tuples(
            *[st.sampled_from([0.0, 0.15, 1.0, 10.0])] * 3, st.sampled_from([0.0, 0.05, 0.5])
        ),
    }
)


@contextmanager
def as_on_another_device() -> Iterator[None]:
    """Batches go the way of those on a GPU, on the CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cropped, "cropped_input_numba", cropped.cropped_input_torch)
        patch.setattr(jitter, "jitter_numba", jitter.jitter_torch)
        yield


WAYS = pytest.mark.parametrize("way", [nullcontext, as_on_another_device])
Way = Callable[[], AbstractContextManager[None]]


def pictures_and_uniforms(
    shape: tuple[int, int, int], seed: int
) -> tuple[torch.Tensor, np.ndarray]:
    """Pictures with some flat greys and full colours, and random numbers with some extreme ones."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (*shape, 3), dtype=np.uint8)
    pictures[random.random(shape) < 0.1] = 128
    pictures[random.random(pictures.shape) < 0.2] = 255
    pictures[random.random(pictures.shape) < 0.2] = 0
    uniforms = random.random((shape[0], COLUMNS))
    uniforms[random.random(uniforms.shape) < 0.05] = 0
    uniforms[random.random(uniforms.shape) < 0.05] = np.nextafter(1, 0)
    return torch.from_numpy(pictures), uniforms


@WAYS
@settings(deadline=None)
@given(
    options=options,
    shape=st.tuples(st.integers(1, 5), st.integers(1, 21), st.integers(1, 21)),
    seed=st.integers(0, 10**6),
)
def test_the_pixels_are_those_of_one_picture_after_the_other(
    way: Way, options: dict[str, Any], shape: tuple[int, int, int], seed: int
) -> None:
    pictures, uniforms = pictures_and_uniforms(shape, seed)
    before = pictures.clone()
    with way():
        images = Augmentation(**options)(pictures, uniforms)
    expected = slow_augmentation(pictures, uniforms, **options)
    assert images.dtype == torch.float32 and images.shape == (shape[0], 3, *shape[1:])
    assert torch.equal(
        images.contiguous().view(torch.int32), expected.contiguous().view(torch.int32)
    )
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(pictures, before)


@WAYS
def test_the_pixels_of_a_whole_batch_of_a_training(way: Way) -> None:
    pictures, uniforms = pictures_and_uniforms((64, 32, 16), 0)
    with way():
        images = Augmentation(**STRONG)(pictures, uniforms)
    expected = slow_augmentation(pictures, uniforms, **STRONG)
    assert torch.equal(
        images.contiguous().view(torch.int32), expected.contiguous().view(torch.int32)
    )


def operations(way: Way, options: dict[str, Any], batch: int = 64) -> int:
    pictures, uniforms = pictures_and_uniforms((batch, 32, 16), 0)
    with way():
        Augmentation(**options)(pictures, uniforms)  # constants are copied once
        with DeviceOperations() as counted:
            Augmentation(**options)(pictures, uniforms)
    return counted.names.total()


@pytest.mark.parametrize(
    ("way", "options", "most"),
    [
        (nullcontext, STANDARD, 2),
        (nullcontext, STRONG, 3),
        (as_on_another_device, STANDARD, 12),  # and one copy to the device
    ],
)
def test_a_batch_takes_a_handful_of_operations(
    way: Way, options: dict[str, Any], most: int
) -> None:
    assert operations(way, options) <= most
    assert operations(way, options, batch=8) == operations(way, options)


def test_the_table_of_a_large_batch_is_copied_without_waiting() -> None:
    """CUDA takes 64 KiB of pageable memory at once."""
    tables: list[int] = []
    pictures, uniforms = pictures_and_uniforms((256, 32, 16), 0)
    from_numpy = torch.from_numpy

    def record(array: np.ndarray) -> torch.Tensor:
        tables.append(array.nbytes)
        return from_numpy(array)

    with as_on_another_device(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "from_numpy", record)
        Augmentation(**STANDARD)(pictures, uniforms)
    assert len(tables) == 1 and tables[0] <= 2**16
