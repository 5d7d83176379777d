"""Exact search: held against a full sort in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from largest_tensor import LargestTensor

from reid_lightning import parallel
from reid_lightning.distances import unit_norm
from reid_lightning.inference import nearest as module
from reid_lightning.inference.approximate import approximate_nearest
from reid_lightning.inference.nearest import nearest


def by_a_full_sort(query: torch.Tensor, gallery: torch.Tensor, k: int) -> np.ndarray:
    similarities = query.double().numpy() @ gallery.double().numpy().T
    order = np.argsort(-similarities, axis=1, kind="stable")
    return order[:, :k]


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 10**6), st.integers(0, 5), st.integers(1, 300), st.integers(1, 30), st.booleans()
)
def test_the_nearest_are_those_of_a_full_sort(
    seed: int, queries: int, count: int, k: int, half: bool
) -> None:
    generator = torch.Generator().manual_seed(seed)
    gallery = unit_norm(torch.randn(count, 6, generator=generator))
    gallery = gallery.half() if half else gallery
    query = unit_norm(torch.randn(queries, 6, generator=generator))
    found = nearest(query, gallery, k)
    assert found.indices.shape == (queries, min(k, count))
    expected = np.take_along_axis(
        query.double().numpy() @ gallery.double().numpy().T, found.indices.numpy(), 1
    )
    np.testing.assert_allclose(found.similarities, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.indices, by_a_full_sort(query, gallery, k))


def test_near_ties_beyond_the_margin_are_computed_exactly() -> None:
    generator = torch.Generator().manual_seed(0)
    base = unit_norm(torch.randn(1, 64, generator=generator))
    noise = torch.randn(1000, 64, generator=generator) * 1e-7
    gallery, query = base + noise, unit_norm(torch.randn(2, 64, generator=generator))
    found = nearest(query, gallery, 5)
    exact = gallery.double() @ query.double().T
    best = exact.sort(dim=0, descending=True, stable=True).indices[:5].T
    assert torch.equal(found.indices, best)
    rough = (query @ gallery.T).topk(5).indices
    assert not torch.equal(rough, best)  # float32 alone cannot tell them


def test_equal_pictures_are_in_the_gallerys_order() -> None:
    gallery = unit_norm(torch.ones(200, 8))
    assert nearest(gallery[:1], gallery, 150).indices.tolist() == [[*range(150)]]


def test_memory_is_bounded_by_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    query = unit_norm(torch.randn(9, 4, generator=generator))
    gallery = unit_norm(torch.randn(50, 4, generator=generator))
    whole = nearest(query, gallery.half(), 3)
    monkeypatch.setattr("reid_lightning.parallel.CHUNK_BYTES", 256)
    sliced = nearest(query, gallery.half(), 3)
    assert torch.equal(whole.indices, sliced.indices) and module.__name__


def test_faiss_finds_nearly_all_and_says_how_many() -> None:
    pytest.importorskip("faiss")
    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(40, 16, generator=generator)
    gallery = unit_norm(centers.repeat(100, 1) + 0.3 * torch.randn(4000, 16, generator=generator))
    query = unit_norm(centers[:20] + 0.3 * torch.randn(20, 16, generator=generator))
    approximate = approximate_nearest(query, gallery, 10)
    exact = nearest(query, gallery, 10).indices
    hits = [
        len({*a} & {*b}) / 10
        for a, b in zip(approximate.found.indices.tolist(), exact.tolist(), strict=True)
    ]
    assert approximate.recall == pytest.approx(sum(hits) / len(hits))
    assert approximate.recall > 0.9
    few = approximate_nearest(query, gallery[:3], 10)
    assert few.found.indices.shape == (20, 3) and few.recall == 1


def test_a_collapsed_network_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole gallery is as near, for float32: every product is computed in float64."""
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 2**18)
    generator = torch.Generator().manual_seed(0)
    gallery = unit_norm(1 + 1e-4 * torch.randn(2000, 256, generator=generator))
    query = gallery[:3].clone()
    with LargestTensor() as largest:
        found = nearest(query, gallery, 5)
    assert largest.size <= gallery.nbytes, "the gallery itself, never a copy in float64"
    assert (found.indices.numpy() == by_a_full_sort(query, gallery, 5)).all()
