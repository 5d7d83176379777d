"""Training pictures on the device that trains: which, where, and the same batches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from test_datamodule import Recorder, fit, make

from reid_lightning.data import device_store
from reid_lightning.data.decoder import Decoder
from reid_lightning.data.device_store import on_device
from reid_lightning.data.pictures import Source
from reid_lightning.errors import ReIDError

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture
def source(tiny_set: Path) -> Source:
    data = make(tiny_set)
    data.train_dataloader()
    return data.pixels.sources["train"]


@pytest.fixture
def pictures(tiny_set: Path) -> list:
    return [sample.picture for sample in make(tiny_set).folder.official.train]


@pytest.mark.parametrize("held_out", [0, 5])
def test_a_training_sees_the_same_pictures(held_out: int, tiny_set: Path) -> None:
    seen = []
    for choice in (False, True):
        model, data = Recorder(), make(tiny_set, device_store=choice, val_identities=held_out)
        fit(model, data, max_epochs=2)
        seen.append([torch.cat(epoch) for epoch in model.images])
        assert data.pixels.on_device is None  # after the training
    assert all(torch.equal(*epochs) for epochs in zip(*seen, strict=True))


def test_a_batch_is_a_list_of_indices(tiny_set: Path) -> None:
    data = make(tiny_set, device_store=True, workers=2, cache_gib=0)
    loader = data.train_dataloader()
    assert "image" not in next(iter(loader)) and loader.num_workers == 0


def test_rows_are_the_pictures(source: Source, pictures: list, monkeypatch: Any) -> None:
    monkeypatch.setattr(device_store, "_PICTURES_AT_A_TIME", 7)
    pixels = on_device(True, source, pictures[3:40], CPU)
    assert pixels is not None and torch.equal(pixels, source.read(pictures[3:40]))


def test_auto_is_for_gpus_with_memory_enough_and_decoded_pictures(
    source: Source, pictures: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(pictures) * 32 * 16 * 3
    assert on_device("auto", source, pictures, CPU) is None
    assert on_device(False, source, pictures, GPU) is None
    assert on_device("auto", Decoder(32, 16), pictures, GPU) is None
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * size - 1, 8 * size))
    assert on_device("auto", source, pictures, GPU) is None
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * size, 8 * size))
    asked: list[torch.device] = []

    def empty(*shape: Any, device: torch.device, **options: Any) -> torch.Tensor:
        asked.append(device)
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(torch, "empty", empty)
    monkeypatch.setattr(source, "read", lambda p: torch.zeros(len(p), 32, 16, 3, dtype=torch.uint8))
    with pytest.raises(ReIDError, match=r"do not fit into the memory of cuda:0: set data\.dev"):
        on_device("auto", source, pictures, GPU)
    assert asked == [GPU]
