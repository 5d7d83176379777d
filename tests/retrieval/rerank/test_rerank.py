"""Re-ranking against the published form in plain NumPy, a case by hand, and laws."""

from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_rerank import Array, normalised, rerank
from torch import Tensor

from reid_lightning import parallel
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.retrieval.rerank.rows import squared_rows


def points(kind: str, total: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((total, 3))
    if kind == "ties":
        return x.round()
    if kind == "duplicates":
        return x[rng.integers(0, 1 + total // 8, total)]
    if kind == "clusters":
        return 3 * x[rng.integers(0, 1 + total // 6, total)] + x
    return x


def squared(x: Array) -> Tensor:
    return torch.from_numpy(((x[:, None] - x) ** 2).sum(2)).float()


def ours(distances: Tensor, queries: int, *options: float) -> Array:
    chunks = Rerank(*options)(lambda a, b: distances[a:b], queries, len(distances))
    return torch.cat(list(chunks)).double().numpy()


@given(
    kind=st.sampled_from(["spread", "clusters", "duplicates", "ties"]),
    total=st.integers(2, 70),
    share=st.floats(0, 1),
    k1=st.integers(1, 25),
    k2=st.integers(1, 8),
    weight=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=150, deadline=None)
def test_equals_the_published_form(
    kind: str, total: int, share: float, k1: int, k2: int, weight: float, seed: int
) -> None:
    distances = squared(points(kind, total, seed))
    options = max(1, int(share * total)), k1, min(k2, k1 + 1), weight
    expected = rerank(distances.double().numpy(), *options)
    np.testing.assert_allclose(ours(distances, *options), expected, rtol=0, atol=1e-6)


def test_equals_the_published_form_at_its_defaults() -> None:
    distances = squared(points("clusters", 400, 0))
    expected = rerank(distances.double().numpy(), 80, 20, 6, 0.3)
    np.testing.assert_allclose(ours(distances, 80), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_by_hand(weight: float) -> None:
    """On a line at 0 (the query), 1, 10 and 11, each the nearest of one other."""
    distances = squared(np.array([[0.0], [1.0], [10.0], [11.0]]))
    # 0 and 1 are each other's sets; 1 is 1/121 from 0 by 0's scale, 1/100 by its own.
    forth, back = 1 / (1 + exp(-1 / 121)), exp(-1 / 100) / (1 + exp(-1 / 100))
    overlap = min(forth, back) + min(1 - forth, 1 - back)
    jaccard = np.array([[1 - overlap / (2 - overlap), 1, 1]])
    expected = (1 - weight) * jaccard + weight * np.array([[1 / 121, 100 / 121, 1]])
    np.testing.assert_allclose(ours(distances, 1, 1, 1, weight), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows_per_chunk", [1, 3, 7, 50])
def test_chunks_change_nothing_and_stay_small(
    rows_per_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    distances = squared(points("clusters", 50, 1))
    expected = torch.cat(list(Rerank()(lambda a, b: distances[a:b], 20, 50)))
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 4 * 50 * rows_per_chunk + 3)
    requested: list[int] = []

    def rows(start: int, stop: int) -> Tensor:
        requested.append(stop - start)
        return distances[start:stop]

    chunks = list(Rerank()(rows, 20, 50))
    assert torch.equal(torch.cat(chunks), expected)
    assert all(chunk.dtype == torch.float32 for chunk in chunks)
    assert max(requested) == rows_per_chunk and max(map(len, chunks)) == min(rows_per_chunk, 20)
    assert sum(requested) == (1 if rows_per_chunk == 50 else 2) * 50 + 20


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_laws(seed: int) -> None:
    distances = squared(points("clusters", 40, seed))
    original = normalised(distances.double().numpy())[:10, 10:]
    np.testing.assert_allclose(ours(distances, 10, 20, 6, 1), original, rtol=0, atol=1e-7)
    alone = ours(distances, 10, 20, 6, 0)
    assert alone.min() >= -1e-6 and alone.max() <= 1
    order = np.concatenate([np.arange(10), 10 + np.random.default_rng(seed).permutation(30)])
    moved = ours(distances[order][:, order], 10, 20, 6, 0.3)
    np.testing.assert_allclose(moved, ours(distances, 10)[:, order[10:] - 10], rtol=0, atol=1e-6)


def test_a_collapsed_network_gives_no_nan() -> None:
    distances = torch.zeros(30, 30)
    expected = rerank(distances.double().numpy(), 10, 20, 6, 0.3)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(ours(distances, 10), expected, rtol=0, atol=1e-6)


def test_no_gallery_and_no_query() -> None:
    distances = squared(points("spread", 4, 0))
    assert ours(distances, 4).shape == (4, 0)
    assert ours(distances, 0).shape == (0, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k1": 0}, "k1=0 must be an integer of 1 or more"),
        ({"k2": 0}, "k2=0 must be an integer of 1 or more"),
        ({"k1": 3, "k2": 5}, "k2=5 must be 4 or less"),
        ({"weight": -0.1}, "weight=-0.1 must be a number from 0 to 1"),
        ({"weight": 1.5}, "weight=1.5 must be a number from 0 to 1"),
    ],
)
def test_arguments_out_of_range_are_errors(options: dict[str, float], message: str) -> None:
    with pytest.raises(ReIDError, match=f"retrieval.rerank.{message}"):
        Rerank(**options)


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_distances() -> None:
    distances = squared(points("ties", 300, 2))
    on_gpu = distances.cuda()
    chunks = list(Rerank()(lambda a, b: on_gpu[a:b], 60, 300))
    assert all(chunk.is_cuda for chunk in chunks)
    np.testing.assert_allclose(torch.cat(chunks).cpu(), ours(distances, 60), rtol=0, atol=1e-6)
    x = torch.from_numpy(points("clusters", 300, 3)).float()
    one, two = (torch.cat(list(Rerank()(squared_rows(e), 60, 300))) for e in (x, x.cuda()))
    np.testing.assert_allclose(one, two.cpu(), rtol=0, atol=1e-4)
