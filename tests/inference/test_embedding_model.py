"""A model in use takes pictures of any kind, and embeds them as evaluation does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.models.embedder import Embedder

ORIENTATION = 0x0112  # of EXIF


class Tiny(nn.Sequential):
    """A backbone that takes no time, and is another in training."""

    num_features = 8

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 8, 4, 4), nn.BatchNorm2d(8))


@pytest.fixture(scope="module")
def model() -> EmbeddingModel:
    torch.manual_seed(0)
    return EmbeddingModel(Embedder(Tiny(), 4), height=32, width=16, device="cpu")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 24, 3), np.uint8)


def test_every_kind_of_picture_gives_the_same_embedding(
    model: EmbeddingModel, pixels: np.ndarray, tmp_path: Path
) -> None:
    path, tensor = tmp_path / "a.png", torch.from_numpy(pixels)
    Image.fromarray(pixels).save(path)
    kinds = [path, str(path), Image.open(path), pixels, tensor, tensor.permute(2, 0, 1)]
    expected = model(kinds[0])
    assert expected.shape == (1, model.embedding_size) and expected.dtype == torch.float32
    assert expected.norm() == pytest.approx(1, abs=1e-6)
    for kind in kinds:
        assert torch.equal(model(kind), expected)
    assert torch.equal(model(kinds, batch_size=1), expected.expand(6, -1))
    assert torch.equal(model(iter(kinds[:2]), batch_size=1), expected.expand(2, -1))
    assert torch.equal(model(pixels[None]), expected)
    assert torch.equal(model(tensor.permute(2, 0, 1)[None]), expected)


def test_batches_hold_pictures_of_any_sizes_in_order(
    model: EmbeddingModel, pixels: np.ndarray
) -> None:
    pictures = [pixels[n:, n:] for n in range(5)]
    together = model(pictures, batch_size=2)
    alone = torch.cat([model(picture) for picture in pictures])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert model([]).shape == (0, model.embedding_size)


def test_pictures_are_turned_as_exif_says(
    model: EmbeddingModel, pixels: np.ndarray, tmp_path: Path
) -> None:
    lying = Image.fromarray(np.rot90(pixels).copy())
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned clockwise
    lying.save(tmp_path / "a.png", exif=exif)
    upright = model(pixels)
    assert torch.equal(model(tmp_path / "a.png"), upright)
    assert torch.equal(model(Image.open(tmp_path / "a.png")), upright)


def test_a_network_in_training_is_used_as_it_is_scored(pixels: np.ndarray) -> None:
    network = Embedder(Tiny(), 4).train()
    model = EmbeddingModel(network, height=32, width=16, device="cpu")
    before = [x.clone() for x in network.state_dict().values()]
    assert torch.equal(model([pixels, pixels])[0], model([pixels, pixels])[1])
    assert all(map(torch.equal, before, network.state_dict().values()))
    assert not model(pixels).requires_grad


WRONG = {
    "no file": ("nowhere.jpg", r"nowhere\.jpg cannot be read: there is no such file"),
    "a folder": (".", "cannot be read: it is a folder"),
    "a text": ("text.jpg", r"text\.jpg cannot be read: "),
    "numbers of other types": (np.zeros((4, 4, 3)), r"float64 \[4, 4, 3\], and must be uint8"),
    "grey": (np.zeros((4, 4), np.uint8), r"uint8 \[4, 4\], and must be"),
    "no pixels": (np.zeros((0, 4, 3), np.uint8), r"uint8 \[0, 4, 3\], and must be"),
    "a normalised tensor": (torch.zeros(3, 4, 4), r"float32 \[4, 4, 3\], and must be uint8"),
    "a number": (3, "A int is no picture: give a path, a PIL picture"),
    "a list of numbers": ([3], "A int is no picture"),
    "a PIL picture of floats": (Image.new("F", (4, 4)), "A PIL picture cannot be read: its pixels"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_picture_is_refused_in_one_sentence(
    kind: str, model: EmbeddingModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.jpg").write_text("some words")
    picture, message = WRONG[kind]
    with pytest.raises(ReIDError, match=message):
        model(picture)


@pytest.mark.parametrize(
    ("options", "reason"), [({}, "Kernel size"), ({"parts": 2}, "model.parts=2 needs")]
)
def test_a_size_that_the_network_does_not_take_is_refused(options: dict, reason: str) -> None:
    height = 4 if options else 2
    with pytest.raises(ReIDError, match=reason):
        EmbeddingModel(Embedder(Tiny(), 4, **options), height=height, width=16, device="cpu")


def test_an_embedding_that_is_not_finite_is_refused(pixels: np.ndarray) -> None:
    network = Embedder(Tiny(), 4)
    nn.init.constant_(network.backbone[0].weight, 1e38)
    model = EmbeddingModel(network, height=32, width=16, device="cpu")
    with pytest.raises(ReIDError, match="An embedding is not finite"):
        model(pixels)


def test_a_batch_has_a_picture_at_least(model: EmbeddingModel, pixels: np.ndarray) -> None:
    with pytest.raises(ReIDError, match="batch_size=0 must be an integer of 1 or more"):
        model(pixels, batch_size=0)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta:", None])
def test_a_device_that_is_not_there_is_named(name: Any) -> None:
    with pytest.raises(ReIDError, match=f"The device {name} cannot be used: "):
        EmbeddingModel(Embedder(Tiny(), 4), height=32, width=16, device=name)
