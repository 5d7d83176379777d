"""The nearest gallery pictures of a query, on hand-checked cases."""

import torch

from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.retrieval import EmbeddedSet
from reid_lightning.scoring.nearest_pictures import nearest
from reid_lightning.scoring.worst_and_best import WorstAndBest


def test_at_equal_distances_a_miss_comes_first_and_junk_is_named() -> None:
    distances = torch.tensor([0.5, 0.5, 0.1, 0.9, 0.5])
    pids, camids = torch.tensor([7, 8, 7, 9, -1]), torch.tensor([1, 1, 0, 1, 1])
    row = nearest(distances, 7, 0, pids, camids, 9)
    assert row == [(2, "junk"), (1, "miss"), (4, "junk"), (0, "hit"), (3, "miss")]
    assert nearest(distances, 7, 0, pids, camids, 2) == row[:2]


def worst_and_best(lists: int) -> tuple[list[int], list[int]]:
    """The listed queries of six, of which the first two are of one person and one has no match."""
    results = QueryResults(
        matches=torch.tensor([1, 1, 3, 2, 0, 1]),
        first_match=torch.tensor([9, 8, 1, 1, 0, 2]),
        ap=torch.tensor([0.1, 0.2, 1.0, 1.0, 0.0, 0.5]),
        inp=torch.zeros(6),
    )
    pids = torch.tensor([7, 7, 8, 9, 10, 11])
    query = EmbeddedSet(torch.zeros(6, 2), pids, torch.zeros_like(pids), torch.zeros_like(pids))
    gallery = query._replace(camids=torch.ones_like(pids))
    indices = torch.arange(6)
    kept = WorstAndBest(query, gallery, indices, count=lists, length=1)
    for start, stop in ((0, 4), (4, 6)):
        rows = slice(start, stop)
        part = QueryResults(*(column[rows] for column in results))
        kept.add(RankedChunk(rows, torch.rand(stop - start, 6), part))
    return [ranked.query for ranked in kept.worst()], [ranked.query for ranked in kept.best()]


def test_the_worst_and_the_best_are_of_different_people() -> None:
    assert worst_and_best(2) == ([0, 5], [2, 3])
    assert worst_and_best(9) == ([0, 5, 3, 2], [2, 3, 5, 1])
    assert worst_and_best(0) == ([], [])


def test_a_kept_row_does_not_hold_its_whole_chunk() -> None:
    pids = torch.tensor([1, 2])
    query = EmbeddedSet(torch.zeros(2, 2), pids, torch.zeros_like(pids), torch.zeros_like(pids))
    kept = WorstAndBest(query, query, torch.arange(2), count=1, length=1)
    results = QueryResults(torch.ones(2), torch.ones(2), torch.ones(2), torch.ones(2))
    kept.add(RankedChunk(slice(0, 2), torch.rand(2, 2), results))
    for candidate in (*kept._worst, *kept._best):
        row = candidate.distances
        assert row.untyped_storage().nbytes() == row.numel() * row.element_size()
