"""The ranking against a slow reference that sorts every row and walks down it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.ranking import (
    count_matches,
    join_results,
    rank_queries,
    ranks_torch,
    results_from_ranks,
)
from reid_lightning.metrics.summary import SCORE_TITLES, SCORES, scores


def walk(row: list[float], pid: int, camid: int, pids: list[int], camids: list[int]) -> dict | None:
    """One query's results, as the protocol is worded: sort, drop, walk."""
    order = sorted(range(len(row)), key=lambda j: (row[j], pids[j] == pid))  # ties: negative first
    kept = [j for j in order if pids[j] != -1 and not (pids[j] == pid and camids[j] == camid)]
    hits = [pids[j] == pid for j in kept]
    if not any(hits):
        return None
    matches, step, trapezoid, above, first, last = 0, 0.0, 0.0, 1.0, 0, 0
    for rank, hit in enumerate(hits, start=1):
        matches += hit
        precision = matches / rank
        if hit:
            first, last = first or rank, rank
            step += precision
            trapezoid += (above + precision) / 2
        above = precision
    return {
        "matches": matches, "first_match": first, "inp": matches / last,
        "step": step / matches, "trapezoid": trapezoid / matches,
    }  # fmt: skip


def case(seed: int) -> tuple[torch.Tensor, Identities]:
    """A small gallery with junk, distractors, invalid queries and, mostly, ties."""
    rng = np.random.default_rng(seed)
    queries, gallery = rng.integers(1, 5), rng.integers(1, 30)
    q_pids, q_camids = (
        rng.integers(-1 if seed % 7 == 0 else 1, 5, queries),
        rng.integers(0, 3, queries),
    )
    g_pids, g_camids = rng.integers(-1, 5, gallery), rng.integers(0, 3, gallery)
    distances = rng.random((queries, gallery))
    if seed % 3:
        distances = (10 ** (seed % 3 - 1) * 2 * distances).round()  # 3 or 21 values: ties
    distances = distances.astype(np.float32 if seed % 2 else np.float64)
    return torch.from_numpy(distances), Identities(
        *map(torch.from_numpy, (q_pids, q_camids, g_pids, g_camids))
    )


def test_a_thousand_cases_equal_the_slow_reference_and_the_torch_path() -> None:
    for seed in range(1000):
        distances, identities = case(seed)
        q_pids, q_camids, g_pids, g_camids = (x.tolist() for x in identities)
        by_torch = ranks_torch(distances, identities)
        for ap in ("step", "trapezoid"):
            results = rank_queries(distances, *identities, ap)
            for one, two in zip(results, results_from_ranks(*by_torch, ap), strict=True):
                assert torch.equal(one, two)
            for i, row in enumerate(distances.tolist()):
                expected = walk(row, q_pids[i], q_camids[i], g_pids, g_camids)
                if expected is None:
                    assert [float(part[i]) for part in results] == [0, 0, 0, 0]
                    continue
                assert int(results.matches[i]) == expected["matches"]
                assert int(results.first_match[i]) == expected["first_match"]
                assert float(results.inp[i]) == pytest.approx(expected["inp"], abs=1e-9)
                assert float(results.ap[i]) == pytest.approx(expected[ap], abs=1e-9)


@pytest.mark.parametrize("gallery", [0, 1, 15, 16, 17, 4095, 4096, 4097, 9001])
def test_galleries_longer_than_a_block(gallery: int) -> None:
    generator = torch.Generator().manual_seed(gallery)
    sample = lambda low, high, size: torch.randint(low, high, size, generator=generator)  # noqa: E731
    distances = sample(0, 500, (70, gallery)).float()
    people = (sample(-1, 9, (70,)), sample(0, 3, (70,)), sample(-1, 40, (gallery,)))
    identities = Identities(*people, sample(0, 3, (gallery,)))
    results = rank_queries(distances, *identities)
    by_torch = results_from_ranks(*ranks_torch(distances, identities))
    for one, two in zip(results, by_torch, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_threads_and_strides_change_nothing(threads: int, set_threads: Callable) -> None:
    generator = torch.Generator().manual_seed(0)
    wide = torch.rand(40, 2 * 300, generator=generator)
    identities = Identities(
        *(
            torch.randint(0, high, (2 * n,), generator=generator)[::2]
            for n in (40, 300)
            for high in (20, 3)
        )
    )
    expected = rank_queries(wide[:, ::2].clone(), *identities)
    set_threads(threads)
    for distances in (wide[:, ::2], wide.T.contiguous().T[:, ::2], wide.flip(0)[:, ::2].flip(0)):
        for one, two in zip(rank_queries(distances, *identities), expected, strict=True):
            assert torch.equal(one, two)


def test_infinite_distances_and_other_types() -> None:
    pids, camids = torch.tensor([1, 1, 2, 2]), torch.tensor([1, 1, 1, 1])
    distances = torch.tensor([[0, torch.inf, torch.inf, 1]])
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        query = torch.tensor([1]), torch.tensor([0])
        results = rank_queries(distances.to(dtype), *query, pids, camids)
        assert results.first_match.tolist() == [1]
        assert results.inp.tolist() == [2 / 4]


@pytest.mark.parametrize(
    ("relevance", "step", "trapezoid"), [([1, 0, 1, 0], 0.8333, 0.7917), ([0, 1], 0.5, 0.25)]
)
def test_average_precision_by_hand(relevance: list[int], step: float, trapezoid: float) -> None:
    ranks = torch.tensor([[i + 1 for i, hit in enumerate(relevance) if hit]])
    matches = torch.tensor([sum(relevance)])
    for ap, expected in (("step", step), ("trapezoid", trapezoid)):
        result = results_from_ranks(ranks, matches, ap)
        assert float(result.ap) == pytest.approx(expected, abs=5e-5)


def test_a_collapsed_network_scores_what_it_deserves() -> None:
    gallery = torch.tensor([1, 2, 2, 2])
    results = rank_queries(
        torch.zeros(1, 4), torch.tensor([1]), torch.tensor([0]), gallery, torch.ones(4)
    )
    assert int(results.first_match) == 4
    assert float(scores(results)["mAP"]) == 0.25


def test_queries_without_a_match_are_left_out_of_the_means() -> None:
    distances = torch.tensor([[0.1, 0.2], [0.1, 0.2]])
    results = rank_queries(
        distances, torch.tensor([1, 3]), torch.tensor([0, 0]), torch.tensor([1, 2]), torch.ones(2)
    )
    means = scores(results)
    assert {name: float(value) for name, value in means.items()} == {
        "mAP": 1.0, "rank1": 1.0, "rank5": 1.0, "rank10": 1.0, "mINP": 1.0,
    }  # fmt: skip


def test_names_and_titles_are_those_of_the_scores() -> None:
    results = rank_queries(torch.zeros(1, 1), *(torch.ones(1) for _ in range(3)), torch.zeros(1))
    assert tuple(scores(results)) == SCORES
    assert set(SCORE_TITLES) == set(SCORES)


def test_matches_are_counted_without_distances() -> None:
    for seed in range(50):
        distances, identities = case(seed)
        matches = count_matches(identities)
        assert torch.equal(matches, rank_queries(distances, *identities).matches)


def test_joined_results_are_those_of_all_queries() -> None:
    distances, identities = case(5)
    parts = [
        rank_queries(
            row[None],
            identities.query_pids[i : i + 1],
            identities.query_camids[i : i + 1],
            *identities[2:],
        )
        for i, row in enumerate(distances)
    ]
    joined, together = join_results(iter(parts)), rank_queries(distances, *identities)
    assert torch.equal(joined.matches, together.matches)
    assert torch.equal(joined.first_match, together.first_match)
    assert torch.allclose(joined.ap, together.ap) and torch.equal(joined.inp, together.inp)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
@settings(deadline=None)
def test_order_and_scale_change_nothing(seed: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    distances = torch.rand(3, 12, generator=generator, dtype=torch.float64)
    pids = torch.randint(-1, 4, (12,), generator=generator)
    camids = torch.randint(0, 3, (12,), generator=generator)
    query = torch.tensor([1, 2, 3]), torch.tensor([0, 1, 2])
    before = rank_queries(distances, *query, pids, camids)
    order = torch.randperm(12, generator=generator)
    after = rank_queries(distances[:, order] * scale, *query, pids[order], camids[order])
    for one, two in zip(before, after, strict=True):
        assert torch.equal(one, two)
