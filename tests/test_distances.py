import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.distances import pairwise_distance, ranking_distance


def slow(x: torch.Tensor, y: torch.Tensor, kind: str) -> torch.Tensor:
    def one(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if kind == "cosine":
            return 1 - a @ b / (a.norm() * b.norm())
        squared = ((a - b) ** 2).sum()
        return squared if kind == "squared" else squared.sqrt()

    return torch.stack([torch.stack([one(a, b) for b in y]) for a in x])


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_equals_a_double_loop(kind: str, dtype: torch.dtype, tolerance: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 7, generator=generator, dtype=dtype)
    y = torch.randn(4, 7, generator=generator, dtype=dtype)
    assert torch.allclose(pairwise_distance(x, y, kind), slow(x, y, kind), rtol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_raised_to_float32_also_under_autocast(dtype: torch.dtype) -> None:
    x = torch.randn(6, 16).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        distances = pairwise_distance(x, x)
    assert distances.dtype == torch.float32
    assert torch.equal(distances, pairwise_distance(x.float(), x.float()))


def test_near_duplicates_keep_their_distance() -> None:
    x = torch.randn(1, 512) * 10
    y = x + 1e-4
    exact = (x.double() - y.double()).norm()
    assert torch.allclose(pairwise_distance(x, y).double(), exact, rtol=1e-3)


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
def test_gradient_is_finite_at_distance_zero(kind: str) -> None:
    x = torch.ones(3, 4, requires_grad=True)
    distances = pairwise_distance(x, x, kind)
    distances.sum().backward()
    assert torch.all(distances == 0) or kind == "cosine"
    assert x.grad is not None and torch.isfinite(x.grad).all()


@given(st.integers(0, 10**6))
@settings(deadline=None)
def test_ranking_distance_gives_the_order_of_the_distance(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(9, 5, generator=generator, dtype=torch.float64)
    order = pairwise_distance(x, y, "euclidean").argsort(1)
    assert torch.equal(ranking_distance(x, y, "euclidean").argsort(1), order)
    x, y = (torch.nn.functional.normalize(z) for z in (x, y))
    order = pairwise_distance(x, y, "cosine").argsort(1)
    assert torch.equal(ranking_distance(x, y, "cosine").argsort(1), order)
