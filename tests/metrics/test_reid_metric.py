import doctest
from typing import Any

import pytest
import torch
import torch.multiprocessing as mp
from warm_start import in_processes, warm_context

from reid_lightning.errors import ReIDError
from reid_lightning.metrics import ReIDMetric, reid_metric

SIZE = 57  # not divisible by 2 or 3


def pictures() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {
        "embeddings": torch.randn(SIZE, 8, generator=generator),
        "pids": torch.randint(-1, 6, (SIZE,), generator=generator).where(
            torch.arange(SIZE) >= 12, torch.arange(SIZE) % 5 + 1
        ),
        "camids": torch.randint(0, 3, (SIZE,), generator=generator),
        "is_query": torch.arange(SIZE) < 12,
        "index": torch.arange(SIZE),
    }


def score(chosen: torch.Tensor, device: str = "cpu", **options: Any) -> dict[str, float]:
    metric = ReIDMetric(**options).to(device)
    for batch in chosen.split(7):
        metric.update(**{name: value[batch].to(device) for name, value in pictures().items()})
    return {name: float(value) for name, value in metric.compute().items()}


def test_the_example_in_the_docstring() -> None:
    assert doctest.testmod(reid_metric).failed == 0


def test_pictures_may_arrive_in_any_order() -> None:
    order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(0))
    assert score(order) == score(torch.arange(SIZE))


def test_options_change_the_scores() -> None:
    indices = torch.arange(SIZE)
    assert score(indices)["mAP"] != score(indices, ap="trapezoid")["mAP"]
    assert score(indices)["mAP"] != score(indices, distance="euclidean")["mAP"]


@pytest.mark.parametrize("queries", [1, 2, 40, 257])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_collapsed_network_ranks_every_negative_first(queries: int, distance: str) -> None:
    """All pictures have one embedding; each query has one match among 400 strangers."""
    size = queries + 401
    embedding = torch.randn(1, 1280, generator=torch.Generator().manual_seed(0))
    metric = ReIDMetric(distance)
    metric.update(
        embeddings=embedding.expand(size, -1),
        pids=torch.where(torch.arange(size) <= queries, 1, 2),
        camids=(torch.arange(size) >= queries).long(),
        is_query=torch.arange(size) < queries,
        index=torch.arange(size),
    )
    assert float(metric.compute()["mAP"]) == pytest.approx(1 / 401)


def test_scores_include_counts() -> None:
    scores = score(torch.arange(SIZE))
    assert scores["queries"] == 12
    assert scores["gallery"] == int((pictures()["pids"][12:] != -1).sum())


def score_in_process(
    rank: int, world_size: int, port: int, device: str, queue: mp.SimpleQueue
) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=world_size)
    queue.put(score(torch.arange(rank, SIZE, world_size), device))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("world_size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_several_processes_score_the_same_to_the_last_bit(
    world_size: int, device: str, free_port: int
) -> None:
    queue = warm_context().SimpleQueue()
    in_processes(score_in_process, (world_size, free_port, device, queue), world_size)
    alone = score(torch.arange(SIZE), device)
    assert [queue.get() for _ in range(world_size)] == [alone] * world_size


def test_a_diverged_network_is_an_error() -> None:
    metric = ReIDMetric()
    batch = pictures()
    batch["embeddings"][3, 3] = torch.nan
    metric.update(**batch)
    with pytest.raises(ReIDError, match="not finite"):
        metric.compute()


def test_no_valid_query_is_an_error() -> None:
    metric = ReIDMetric()
    metric.update(**(pictures() | {"camids": torch.zeros(SIZE, dtype=torch.long)}))
    with pytest.raises(ReIDError, match="another camera"):
        metric.compute()


def test_scores_of_ones_own_are_of_the_queries_with_a_match() -> None:
    indices = torch.arange(SIZE)
    own = {"first": lambda r: (r.first_match == 1).double().mean(), "mean": lambda r: r.ap.mean()}
    scores = score(indices, extra_scores=own)
    assert scores["first"] == scores["rank1"]
    assert scores["mean"] == pytest.approx(scores["mAP"], abs=1e-12)
    assert {n: s for n, s in scores.items() if n not in own} == score(indices)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"mAP": len}, r"metric\.extra_scores\.mAP has the name of another score"),
        ({"queries": len}, r"extra_scores\.queries has the name of another"),
        (
            {"mine": 3},
            r"extra_scores=\{.mine.: 3\} must be keys, each with a group with a _target_",
        ),
    ],
)
def test_scores_of_ones_own_are_functions_with_names_of_their_own(
    own: dict[str, Any], message: str
) -> None:
    with pytest.raises(ReIDError, match=message):
        ReIDMetric(extra_scores=own)


@pytest.mark.parametrize("wrong", [lambda results: results.ap, lambda: 1.0, lambda r: r.rank])
def test_a_score_of_ones_own_is_tried_before_anything_is_ranked(wrong: Any) -> None:
    with pytest.raises(ReIDError, match=r"metric\.extra_scores\.own (fails on the results|gave)"):
        ReIDMetric(extra_scores={"own": wrong})
