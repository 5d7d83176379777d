import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from reid_lightning import parallel
from reid_lightning.distances import (
    mining_distance,
    paired_distance,
    pairwise_distance,
    ranking_distance,
)


def slow(x: torch.Tensor, y: torch.Tensor, kind: str) -> torch.Tensor:
    def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if kind == "cosine":
            return 1 - a @ b / (a.norm() * b.norm())
        squared = ((a - b) ** 2).sum()
        return squared if kind == "squared" else squared.sqrt()

    return torch.stack([torch.stack([distance(a, b) for b in y]) for a in x])


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_equals_a_double_loop(kind: str, dtype: torch.dtype, tolerance: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 7, generator=generator, dtype=dtype)
    assert torch.allclose(pairwise_distance(x, kind), slow(x, x, kind), tolerance, tolerance)
    y = x.flip(0)
    assert torch.allclose(
        paired_distance(x, y, kind), slow(x, y, kind).diag(), tolerance, tolerance
    )


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
def test_gradients_are_those_of_the_definition(kind: str) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(6, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    apart = ~torch.eye(6, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda x: pairwise_distance(x, kind)[apart], x)
    assert torch.autograd.gradcheck(lambda x: paired_distance(x, x.roll(1, 0), kind), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_raised_to_float32_also_under_autocast(dtype: torch.dtype) -> None:
    x = torch.randn(6, 16).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        distances = pairwise_distance(x)
        pairs = paired_distance(x, x.flip(0))
    assert distances.dtype == pairs.dtype == torch.float32
    assert torch.equal(distances, pairwise_distance(x.float()))
    assert torch.equal(pairs, paired_distance(x.float(), x.flip(0).float()))


def test_near_duplicates_keep_their_distance() -> None:
    x = torch.randn(1, 512) * 10
    y = x + 1e-4
    exact = (x.double() - y.double()).norm()
    assert torch.allclose(pairwise_distance(torch.cat([x, y]))[0, 1].double(), exact, rtol=1e-3)
    assert torch.allclose(paired_distance(x, y).double(), exact, rtol=1e-3)


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
def test_gradient_is_finite_at_distance_zero(kind: str) -> None:
    x = torch.ones(3, 4, requires_grad=True)
    distances = pairwise_distance(x, kind), paired_distance(x, x, kind)
    sum(d.sum() for d in distances).backward()
    assert all(torch.all(d == 0) for d in distances)
    assert x.grad is not None and torch.isfinite(x.grad).all()


@given(st.integers(0, 10**6))
@settings(deadline=None)
def test_ranking_distance_sorts_like_the_distance(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(9, 5, generator=generator, dtype=torch.float64)
    order = torch.cdist(x, y).argsort(1)
    assert torch.equal(ranking_distance(x, y, "euclidean").argsort(1), order)
    x, y = (torch.nn.functional.normalize(z) for z in (x, y))
    order = (1 - x @ y.T).argsort(1)
    assert torch.equal(ranking_distance(x, y, "cosine").argsort(1), order)


@given(st.integers(0, 10**6), st.sampled_from(["euclidean", "squared", "cosine"]))
@settings(deadline=None)
def test_mining_distance_sorts_every_row_like_the_distance(seed: int, kind: str) -> None:
    x = torch.randn(9, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    apart = ~torch.eye(9, dtype=torch.bool)
    matrices = mining_distance(x, kind), slow(x, x, kind)
    assert torch.equal(*(matrix[apart].view(9, 8).argsort(1) for matrix in matrices))
    assert not mining_distance(x.clone().requires_grad_(), kind).requires_grad


def one_product(query: torch.Tensor, gallery: torch.Tensor, kind: str) -> torch.Tensor:
    """`ranking_distance` with the whole gallery in float64 at once."""
    x, y = query.double(), gallery.double()
    products = x @ y.T
    distances = -products if kind == "cosine" else y.square().sum(1) - 2 * products
    return distances.to(query.dtype)


@pytest.mark.parametrize("kind", ["euclidean", "squared", "cosine"])
def test_ranking_distance_is_the_same_for_every_block_size(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    query, gallery = (torch.randn(n, 24, generator=generator) for n in (5, 41))
    gallery[::3] = gallery[0]  # equal pictures in every part of the matrix
    expected = one_product(query, gallery, kind)
    assert torch.equal(expected[:, ::3], expected[:, :1].expand(-1, 14))
    for size in range(0, 41 * 300, 250):  # from blocks of one column to one block
        monkeypatch.setattr(parallel, "CHUNK_BYTES", size)
        assert torch.equal(ranking_distance(query, gallery, kind), expected), size
    assert ranking_distance(query, gallery[:0], kind).shape == (5, 0)


class LargestFloat64(TorchDispatchMode):
    """Records the bytes of the largest float64 tensor that an operation returns."""

    largest = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        result = operation(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.dtype == torch.float64:
            self.largest = max(self.largest, result.nbytes)
        return result


@pytest.mark.parametrize("kind", ["euclidean", "cosine"])
@pytest.mark.parametrize("queries", [1, 300])
def test_ranking_distance_never_has_the_whole_gallery_in_float64(
    kind: str, queries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 2**16)
    query, gallery = torch.randn(queries, 24), torch.randn(3000, 24)
    with LargestFloat64() as recorded:
        ranking_distance(query, gallery, kind)
    assert 0 < recorded.largest <= 2**16
