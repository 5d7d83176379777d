"""The nearest pictures against a stable argsort, and the rows of distances they are found in."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.distances import pairwise_distance
from reid_lightning.parallel import chunks
from reid_lightning.retrieval.rerank.nearest import _on_cpu, _on_device, nearest
from reid_lightning.retrieval.rerank.rows import squared_rows


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_both_paths_give_a_stable_argsort(total: int, k: int, ties: bool, seed: int) -> None:
    distances = torch.randn(5, total, generator=torch.Generator().manual_seed(seed))
    if ties:
        distances = distances.round()  # -0 and 0 among them
    k = min(k, total)
    expected = distances.numpy().argsort(axis=1, kind="stable")[:, :k]
    for path in (_on_cpu, _on_device):
        order = path(distances, k)
        assert order.dtype == np.int32
        np.testing.assert_array_equal(order, expected)


def test_the_scale_is_the_largest_distance_and_never_0() -> None:
    distances = torch.tensor([[0.0, 3, 2], [3, 0, 1], [0, 0, 0]])
    neighbours = nearest(lambda a, b: distances[a:b], 3, 2)
    assert neighbours.scale.tolist() == [3, 3, 1]
    assert neighbours.order.tolist() == [[0, 2], [1, 2], [0, 1]]


def test_chunks_cover_every_row_once_even_where_a_row_is_larger_than_a_chunk() -> None:
    assert list(chunks(3, 2**42)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(chunks(0, 20)) == [slice(0, 0)]
    assert list(chunks(5, 20)) == [slice(0, 5)]
    covered = list(chunks(40_000, 80_000))
    assert covered[0].start == 0 and covered[-1].stop == 40_000
    assert [chunk.start for chunk in covered[1:]] == [chunk.stop for chunk in covered[:-1]]
    assert max(chunk.stop - chunk.start for chunk in covered) * 80_000 <= 2**27


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_squared_rows_are_rows_of_the_distances_also_under_autocast(dtype: torch.dtype) -> None:
    x = torch.randn(9, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
    x = x.requires_grad_()
    x.data[4] = x.data[2]  # duplicates: the product may go below 0
    expected = pairwise_distance(x.detach(), "squared")
    rows = squared_rows(x)
    with torch.autocast("cpu", torch.bfloat16):
        parts = [rows(0, 4), rows(4, 9)]
    assert torch.allclose(torch.cat(parts), expected, atol=1e-4)
    assert all(p.dtype == torch.float32 and p.min() >= 0 and not p.requires_grad for p in parts)
    assert torch.cat(parts).diag().eq(0).all()
