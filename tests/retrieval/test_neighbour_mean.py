import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from largest_tensor import LargestTensor
from torch import Tensor
from torch.nn import functional as F

from reid_lightning import parallel
from reid_lightning.errors import ReIDError
from reid_lightning.retrieval.neighbour_mean import NeighbourMean


def slow(x: Tensor, among: Tensor | None, k: int, alpha: float) -> Tensor:
    """One embedding at a time."""
    others = x if among is None else among
    means = []
    for i, row in enumerate(x):
        near = [
            (float(F.cosine_similarity(row, other, dim=0)), j)
            for j, other in enumerate(others)
            if among is not None or j != i
        ]
        total, weights = row.clone(), 1.0
        for cosine, j in sorted(near, reverse=True)[:k]:
            total += max(cosine, 0) ** alpha * others[j]
            weights += max(cosine, 0) ** alpha
        means.append(total / weights)
    return torch.stack(means)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 8), st.integers(2, 9), st.integers(1, 12), st.sampled_from([0.0, 1.0, 3.0]),
    st.booleans(), st.integers(0, 1000),
)  # fmt: skip
def test_equals_the_slow_form(
    queries: int, gallery: int, k: int, alpha: float, itself: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(gallery if itself else queries, 4, generator=generator).double()
    among = None if itself else torch.randn(gallery, 4, generator=generator).double()
    assert torch.allclose(NeighbourMean(k, alpha)(x, among), slow(x, among, k, alpha))


def test_a_picture_is_not_its_own_neighbour_in_any_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).double()
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 2 * len(x) * x.element_size())
    assert torch.allclose(NeighbourMean(2, 3.0)(x), slow(x, None, 2, 3.0))


def test_a_chunk_holds_the_neighbours_of_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that many neighbours of few pictures do not take the memory that chunks are to bound."""
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 2**20)
    x = torch.randn(300, 256, generator=torch.Generator().manual_seed(0))
    with LargestTensor() as largest:
        NeighbourMean(k=200, alpha=1.0)(x)
    assert largest.size <= 2**20


def test_by_hand() -> None:
    query, gallery = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0], [0.6, 0.8]])
    mean = NeighbourMean(1, 2.0)(query, gallery)  # the nearest has cosine 0.6, weight 0.36
    assert torch.allclose(mean, torch.tensor([[1 + 0.36 * 0.6, 0.36 * 0.8]]) / 1.36)


@pytest.mark.parametrize("queries", [None, 0, 3])
def test_where_nobody_is_near_the_embedding_stays(queries: int | None) -> None:
    x = torch.randn(queries or 0, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(NeighbourMean(2, 3.0)(x, None if queries is None else torch.empty(0, 4)), x)


def test_a_mean_without_neighbours_is_an_error() -> None:
    with pytest.raises(ReIDError, match=r"NeighbourMean\.k=0 must be an integer of 1 or more"):
        NeighbourMean(0, 3.0)
