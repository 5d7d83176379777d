from pathlib import Path

import pytest
import torch

from reid_lightning.data.market1501 import Sample
from reid_lightning.metrics import ReIDMetric
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.report import retrieved
from reid_lightning.report.ranked_list import Shown
from reid_lightning.report.retrieved import Retrieved, draw_retrieved, nearest, worst_and_best

SIZE, QUERIES = 90, 12


def collected(distance: str, device: str = "cpu") -> ReIDMetric:
    """Pictures on a coarse grid, so that many are equally far, in batches of mixed-up order."""
    generator = torch.Generator().manual_seed(5)
    pictures = {
        "embeddings": torch.randint(0, 3, (SIZE, 3), generator=generator) + 0.5,
        "pids": torch.randint(-1, 5, (SIZE,), generator=generator),
        "camids": torch.randint(0, 3, (SIZE,), generator=generator),
        "is_query": torch.arange(SIZE) < QUERIES,
        "index": torch.arange(SIZE),
    }
    pictures["pids"][:QUERIES] = torch.arange(QUERIES) % 4 + 1
    metric = ReIDMetric(distance).to(device)
    for batch in torch.randperm(SIZE, generator=generator).split(7):
        metric.update(**{name: values[batch].to(device) for name, values in pictures.items()})
    return metric


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_the_lists_are_those_that_are_scored(distance: str, device: str) -> None:
    metric = collected(distance, device)
    results, gallery = metric.per_query()
    for query, row in enumerate(nearest(metric, range(QUERIES), SIZE)):
        assert sorted(place for place, _ in row) == list(range(QUERIES, SIZE))
        counted = [verdict for _, verdict in row if verdict != "junk"]
        hits = [rank for rank, verdict in enumerate(counted, 1) if verdict == "hit"]
        assert len(counted) <= gallery and len(hits) == results.matches[query]
        assert hits[0] == results.first_match[query]
        precision = [found / rank for found, rank in enumerate(hits, 1)]
        assert sum(precision) / len(hits) == pytest.approx(float(results.ap[query]))


def test_a_list_is_the_beginning_of_a_longer_one() -> None:
    metric = collected("cosine")
    (short,), (long,) = nearest(metric, [3], 5), nearest(metric, [3], 20)
    assert short == long[:5]
    assert nearest(metric, [], 5) == []


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


def test_junk_has_no_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {}
    monkeypatch.setattr(retrieved, "draw_ranked_list", lambda *a, **k: told.update(k, lists=a))
    pictures = [Sample(Path(f"{i}.jpg"), 7, i, 1, 1) for i in range(4)]
    row = [Retrieved(1, "miss"), Retrieved(3, "junk"), Retrieved(2, "hit")]
    one = torch.ones(1)
    draw_retrieved(0, row, QueryResults(one, 2 * one, one / 2, one), pictures)
    assert told["title"] == "Person 7 · AP 50.0% · 1 match, the first at rank 2"
    assert told["label"] == "query · cam 1"
    assert told["lists"] == (
        Path("0.jpg"),
        [
            Shown(Path("1.jpg"), "miss", "1 · cam 2"),
            Shown(Path("3.jpg"), "junk", "junk"),
            Shown(Path("2.jpg"), "hit", "2 · cam 3"),
        ],
    )
