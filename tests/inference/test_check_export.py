"""The comparison notices every export that is not equal."""

import pytest
import torch
from exported import some_pixels
from torch import Tensor
from torch.nn.functional import normalize

from reid_lightning import ReIDError
from reid_lightning.inference.check_export import check_distinct, check_equal


def original(pixels: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(pixels[0].numel(), 16, generator=generator)
    return normalize(pixels.flatten(1).float().sub(127) @ weights, dim=1)


def noisy(scale: float) -> object:
    def embed(pixels: Tensor) -> Tensor:
        x = original(pixels)
        return normalize(x + scale * (x * 1e4).sin(), dim=1)

    return embed


def test_the_same_is_equal() -> None:
    near = check_equal(original, original, some_pixels(), "float32")
    assert near.cosine == pytest.approx(1, abs=1e-6) and near.similarity_error < 1e-5


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (noisy(0.1), "gives other embeddings than the checkpoint"),
        (noisy(0.003), "ranks otherwise than the checkpoint"),
        (lambda x: original(x.flip(3)), "gives other embeddings"),
        (lambda x: original(x[:1]).expand(len(x), -1), "the same embedding for different"),
        (lambda x: original(x) * torch.nan, "not finite"),
        (lambda x: original(x) if len(x) > 1 else original(255 - x), "gives other embeddings"),
        (lambda x: original(x) if len(x) == 1 else original(x).flip(0), "gives other embeddings"),
    ],
)
def test_whatever_differs_is_noticed(embed: object, message: str) -> None:
    with pytest.raises(ReIDError, match=message):
        check_equal(embed, original, some_pixels(), "float32")  # type: ignore[arg-type]


def test_float16_may_differ_by_its_rounding() -> None:
    check_equal(noisy(0.003), original, some_pixels(), "float16")  # type: ignore[arg-type]


def test_distinct_embeddings_are() -> None:
    check_distinct(torch.eye(4))
