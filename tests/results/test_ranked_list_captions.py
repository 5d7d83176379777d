"""The captions of a ranked list."""

from dataclasses import replace
from pathlib import Path

import torch

from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.results.ranked_list import RankedList, Shown, ranked_list
from reid_lightning.scoring.nearest_pictures import Retrieved
from reid_lightning.scoring.worst_and_best import RetrievedList


def test_junk_has_no_rank() -> None:
    query, *gallery = (Sample(Path(f"{i}.jpg"), 7, i, 1, 1) for i in range(4))
    row = [Retrieved(0, "miss"), Retrieved(2, "junk"), Retrieved(1, "hit")]
    one = torch.tensor([1])
    results = QueryResults(one, 2 * one, one / 2, one / 1)
    scored = Splits((), (query,), tuple(gallery))
    expected = RankedList(
        query=Picture(Path("0.jpg")),
        gallery=[
            Shown(Picture(Path("1.jpg")), "miss", "1 · cam 2"),
            Shown(Picture(Path("3.jpg")), "junk", "junk"),
            Shown(Picture(Path("2.jpg")), "hit", "2 · cam 3"),
        ],
        title="Person 7 · AP (step) 50.0% · 1 match, the first at rank 2",
        label="query · cam 1",
    )
    assert ranked_list(RetrievedList(0, row), scored, results, "step") == expected
    without = ranked_list(
        RetrievedList(0, row), replace(scored, has_cameras=False), results, "step"
    )
    assert [shown.label for shown in without.gallery] == ["1", "junk", "2"]
    assert without.label == "query"
