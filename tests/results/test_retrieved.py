from pathlib import Path

import torch

from reid_lightning.data.sample import Sample
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.results.ranked_list import RankedList, Shown
from reid_lightning.results.retrieved import Retrieved, listed, nearest, worst_and_best


def test_of_equally_far_pictures_a_miss_comes_first_and_junk_is_named() -> None:
    distances = torch.tensor([0.5, 0.5, 0.1, 0.9, 0.5])
    pids, camids = torch.tensor([7, 8, 7, 9, -1]), torch.tensor([1, 1, 0, 1, 1])
    row = nearest(distances, 7, 0, pids, camids, 9)
    assert row == [(2, "junk"), (1, "miss"), (4, "junk"), (0, "hit"), (3, "miss")]
    assert nearest(distances, 7, 0, pids, camids, 2) == row[:2]


def test_the_worst_and_the_best_are_of_different_people() -> None:
    results = QueryResults(
        matches=torch.tensor([1, 1, 3, 2, 0, 1]),
        first_match=torch.tensor([9, 8, 1, 1, 0, 2]),
        ap=torch.tensor([0.1, 0.2, 1.0, 1.0, 0.0, 0.5]),
        inp=torch.zeros(6),
    )
    assert worst_and_best(results, [7, 7, 8, 9, 10, 11], 2) == ([0, 5], [2, 3])
    assert worst_and_best(results, [7, 7, 8, 9, 10, 11], 9) == ([0, 5, 3, 2], [2, 3, 5, 1])
    assert worst_and_best(results, [7, 7, 8, 9, 10, 11], 0) == ([], [])


def test_junk_has_no_rank() -> None:
    query, *gallery = (Sample(Path(f"{i}.jpg"), 7, i, 1, 1) for i in range(4))
    row = [Retrieved(0, "miss"), Retrieved(2, "junk"), Retrieved(1, "hit")]
    one = torch.tensor(1.0)
    assert listed(
        query, row, QueryResults(one, 2 * one, one / 2, one), gallery, "step"
    ) == RankedList(
        query=Path("0.jpg"),
        gallery=[
            Shown(Path("1.jpg"), "miss", "1 · cam 2"),
            Shown(Path("3.jpg"), "junk", "junk"),
            Shown(Path("2.jpg"), "hit", "2 · cam 3"),
        ],
        title="Person 7 · AP (step) 50.0% · 1 match, the first at rank 2",
        label="query · cam 1",
    )
