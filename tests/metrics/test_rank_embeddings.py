"""Embeddings to results, against distances summed in float64, one term after the other."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid_lightning import parallel
from reid_lightning.distances import ranking_distance, unit_norm
from reid_lightning.metrics.cpu import refined
from reid_lightning.metrics.cpu.exact import ExactOperands
from reid_lightning.metrics.cpu.product import approximate_distances, exact_operands
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.rank_embeddings import rank_embeddings, rank_in_chunks
from reid_lightning.metrics.ranking import (
    QueryResults,
    join_results,
    rank_queries,
    ranks_torch,
    results_from_ranks,
)

DISTANCES = ("cosine", "euclidean")
KINDS: dict[str, Callable[[Tensor], Tensor]] = {
    "random": lambda x: x,
    "twins": lambda x: x[torch.arange(len(x)) // 2],
    "collapsed": lambda x: x[:1].expand_as(x),
    "nearly collapsed": lambda x: x[:1] + 1e-4 * x,
    "collapsed but for rounding": lambda x: x[:1] * (1 + 1e-7 * x[:, :1]),
    "zeros": lambda x: x * (torch.arange(len(x)) % 3 > 0)[:, None],
    "all zero": torch.zeros_like,
    "non-negative": lambda x: (x - 1).relu(),
    "few values": torch.round,
    "signs": torch.sign,
    "tiny": lambda x: 1e-22 * x,
    "too small for float32's squares": lambda x: 1e-40 * x,
    "large": lambda x: 1e15 * x,
    "too large for float32's squares": lambda x: 1e25 * x,
    "one outlier": lambda x: x * (1 + 1e6 * (torch.arange(len(x)) == 9))[:, None],
    "any norm": lambda x: x * (10 * x[:, :1]).exp2(),
}


def people(queries: int, gallery: int, seed: int = 0) -> Identities:
    """Few identities, with junk and distractors."""
    generator = torch.Generator().manual_seed(seed)
    highest = 2 + (queries + gallery) // 8
    return Identities(
        torch.randint(1, highest, (queries,), generator=generator),
        torch.randint(0, 3, (queries,), generator=generator),
        torch.randint(-1, highest, (gallery,), generator=generator),
        torch.randint(0, 3, (gallery,), generator=generator),
    )


def sample(kind: str, queries: int, gallery: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    x = torch.randn(queries + gallery, d, generator=torch.Generator().manual_seed(seed))
    x = KINDS[kind](x).contiguous()
    return x[:queries], x[queries:]


def slow_distances(query: Tensor, gallery: Tensor, distance: str) -> Tensor:
    """The definition: `cumsum` adds one term after the other."""
    if distance == "cosine":
        query, gallery = unit_norm(query), unit_norm(gallery)
    x, y = query.double().numpy(), gallery.double().numpy()
    products = (x[:, None] * y).cumsum(2)[..., -1]
    distances = -products if distance == "cosine" else (y * y).cumsum(1)[:, -1] - 2 * products
    with np.errstate(over="ignore"):
        return torch.from_numpy(distances.astype(np.float32))


def assert_equal(one: QueryResults, two: QueryResults) -> None:
    for left, right in zip(one, two, strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", KINDS)
def test_equals_ranking_by_distances_in_float64(kind: str, distance: str) -> None:
    for seed, (queries, gallery, d) in enumerate([(13, 300, 33), (70, 129, 5), (3, 9, 1)]):
        query, galleries = sample(kind, queries, gallery, d, seed)
        identities = people(queries, gallery, seed)
        results = rank_embeddings(query, galleries, *identities, distance=distance)
        expected = slow_distances(query, galleries, distance)
        assert_equal(results, rank_queries(expected, *identities))
        assert_equal(results, results_from_ranks(*ranks_torch(expected, identities)))


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", ["random", "twins", "collapsed", "nearly collapsed", "zeros"])
def test_equals_ranking_by_ranking_distance(kind: str, distance: str) -> None:
    query, gallery = sample(kind, 40, 700, 128)
    identities = people(40, 700)
    results = rank_embeddings(query, gallery, *identities, distance=distance, ap="trapezoid")
    if distance == "cosine":
        query, gallery = unit_norm(query), unit_norm(gallery)
    expected = ranking_distance(query, gallery, distance)
    assert_equal(results, rank_queries(expected, *identities, "trapezoid"))


@pytest.mark.parametrize("gallery", [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257])
@pytest.mark.parametrize("kind", ["random", "twins", "collapsed"])
def test_galleries_of_any_size(kind: str, gallery: int) -> None:
    for queries in (1, 5, 16):
        query, galleries = sample(kind, queries, gallery, 24)
        identities = people(queries, gallery)
        results = rank_embeddings(query, galleries, *identities, distance="euclidean")
        expected = slow_distances(query, galleries, "euclidean")
        assert_equal(results, rank_queries(expected, *identities))


@pytest.mark.parametrize("kind", KINDS)
def test_the_product_is_never_off_by_more_than_the_error_bound(kind: str) -> None:
    for d in (1, 7, 64, 1000):
        for distance in DISTANCES:
            query, gallery = sample(kind, 20, 90, d)
            if distance == "cosine":
                query, gallery = unit_norm(query), unit_norm(gallery)
            operands, error_bound = exact_operands(query, gallery, distance)
            approximate = torch.empty(20, 90)
            approximate_distances(query, gallery, operands, out=approximate)
            exact = slow_distances(query, gallery, distance) if distance == "euclidean" else None
            if exact is None:
                exact = ranking_distance(query, gallery, "cosine")
            off = (approximate.double() - exact.double()).abs().numpy()
            finite = np.isfinite(error_bound)
            assert (off[finite] <= error_bound[finite, None]).all()


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_product_off_by_nearly_the_error_bound_changes_nothing(
    kind: str, distance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, gallery = sample(kind, 30, 500, 40)
    identities = people(30, 500)
    expected = rank_embeddings(query, gallery, *identities, distance=distance)

    def off(query: Tensor, gallery: Tensor, operands: ExactOperands, out: Tensor) -> None:
        exact = (
            torch.from_numpy(operands.offsets)
            - operands.scale * query.double() @ gallery.double().T
        )
        error_bound = torch.from_numpy(exact_operands(query, gallery, distance)[1])[:, None]
        generator = torch.Generator().manual_seed(0)
        sign = torch.randint(0, 2, out.shape, generator=generator) * 2 - 1
        out.copy_(exact + 0.8 * sign * error_bound)

    monkeypatch.setattr(refined, "approximate_distances", off)
    assert_equal(rank_embeddings(query, gallery, *identities, distance=distance), expected)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", ["random", "twins", "nearly collapsed"])
def test_threads_chunks_and_precision_change_nothing(
    kind: str, distance: str, set_threads: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, gallery = sample(kind, 50, 400, 96)
    identities = people(50, 400)

    def results() -> QueryResults:
        return rank_embeddings(query, gallery, *identities, distance=distance)

    expected = results()
    for threads in (1, 2, 5):
        set_threads(threads)
        assert_equal(results(), expected)
    for size in (1, 4 * 400 * 7):
        monkeypatch.setattr(parallel, "CHUNK_BYTES", size)
        assert_equal(results(), expected)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    assert_equal(results(), expected)
    torch.set_float32_matmul_precision(before)
    with torch.autocast("cpu", torch.bfloat16):
        assert_equal(results(), expected)
    assert torch.backends.mkldnn.enabled


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["random", "twins", "collapsed"])
def test_chunks_hold_the_distances_that_were_ranked(
    kind: str, dtype: torch.dtype, distance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, gallery = (x.to(dtype) for x in sample(kind, 20, 90, 16))
    identities = people(20, 90)
    monkeypatch.setattr(parallel, "CHUNK_BYTES", 90 * dtype.itemsize * 7)
    queries, distances, parts = [], [], []
    for chunk in rank_in_chunks(query, gallery, identities, distance=distance):
        assert chunk.distances.shape == (chunk.queries.stop - chunk.queries.start, 90)
        queries += range(20)[chunk.queries]
        distances.append(chunk.distances.clone())  # the next chunk may reuse its memory
        parts.append(chunk.results)
    assert queries == list(range(20)) and len(parts) == 3
    results, ranked = join_results(parts), rank_queries(torch.cat(distances), *identities)
    assert torch.equal(results.first_match, ranked.first_match)
    assert torch.equal(results.inp, ranked.inp) and torch.allclose(results.ap, ranked.ap)
    if dtype == torch.float32:  # in float64 the order of ties depends on the matrix product
        assert_equal(results, rank_embeddings(query, gallery, *identities, distance=distance))
    if distance == "cosine":
        query, gallery = unit_norm(query), unit_norm(gallery)
    reference = ranking_distance(query, gallery, distance)
    assert torch.allclose(torch.cat(distances), reference, rtol=0, atol=1e-4)


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(DISTANCES), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_gallerys_order_changes_nothing(kind: str, distance: str, seed: int) -> None:
    query, gallery = sample(kind, 6, 90, 12, seed)
    identities = people(6, 90, seed)
    before = rank_embeddings(query, gallery, *identities, distance=distance)
    order = torch.randperm(90, generator=torch.Generator().manual_seed(seed))
    moved = (*identities[:2], identities.gallery_pids[order], identities.gallery_camids[order])
    assert_equal(rank_embeddings(query, gallery[order], *moved, distance=distance), before)


@given(st.sampled_from(DISTANCES), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_query_has_its_results_whatever_the_other_queries(distance: str, seed: int) -> None:
    query, gallery = sample("twins", 9, 60, 12, seed)
    identities = people(9, 60, seed)
    together = rank_embeddings(query, gallery, *identities, distance=distance)
    for i in range(9):
        person = (identities.query_pids[i : i + 1], identities.query_camids[i : i + 1])
        people_alone = (*person, *identities[2:])
        alone = rank_embeddings(query[i : i + 1], gallery, *people_alone, distance=distance)
        assert int(alone.first_match) == int(together.first_match[i])
        assert float(alone.inp) == float(together.inp[i])
        assert float(alone.ap) == pytest.approx(float(together.ap[i]), abs=1e-12)


@pytest.mark.parametrize("distance", DISTANCES)
def test_any_strides_types_and_gradients(distance: str) -> None:
    query, gallery = sample("random", 20, 80, 16)
    identities = people(20, 80)
    expected = rank_embeddings(query, gallery, *identities, distance=distance)
    before = gallery.clone()
    leaf = query.T.contiguous().T.requires_grad_()
    results = rank_embeddings(leaf, gallery.flip(1).flip(1), *identities, distance=distance)
    assert_equal(results, expected)
    assert torch.equal(gallery, before) and not results.ap.requires_grad
    assert_equal(
        rank_embeddings(query.double(), gallery.double(), *identities, distance=distance), expected
    )
    half = rank_embeddings(query.bfloat16(), gallery.bfloat16(), *identities, distance=distance)
    assert torch.equal(half.matches, expected.matches)


def test_no_queries_have_no_results() -> None:
    for dtype in (torch.float32, torch.float64):
        query, gallery = (x.to(dtype) for x in sample("random", 0, 9, 4))
        results = rank_embeddings(query, gallery, *people(0, 9))
        assert [len(part) for part in results] == [0, 0, 0, 0]
