"""Retrieval and ranking joined: every combination of steps, and what each of them is."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from reid_lightning.distances import unit_norm
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.ranking import QueryResults, rank_queries
from reid_lightning.retrieval import EmbeddedSet, NeighbourMean, Rerank, Retrieval, SpatialTemporal
from reid_lightning.retrieval.multi_query import multi_query
from reid_lightning.retrieval.rerank.rows import squared_rows
from reid_lightning.retrieval.spatial_temporal import joint_score
from reid_lightning.scoring.score_sets import score_sets

MEAN = NeighbourMean(k=2, alpha=3.0)


def pictures(count: int, seed: int) -> EmbeddedSet:
    generator = torch.Generator().manual_seed(seed)
    pids = torch.arange(count) % 8 + 1
    x = torch.randn(9, 16, generator=torch.Generator().manual_seed(9))[pids]
    x = x + torch.randn(count, 16, generator=generator)
    times = torch.randint(0, 50_000, (count,), generator=generator)
    return EmbeddedSet(x, pids, torch.randint(0, 3, (count,), generator=generator), times)


QUERY, GALLERY = pictures(24, 0), pictures(60, 1)
GALLERY.pids[50:54] = -1
TIME = SpatialTemporal.fit(*pictures(40, 2)[1:], more_camids=torch.arange(3))


def score(retrieval: Retrieval, gallery: EmbeddedSet = GALLERY, distance: str = "cosine") -> Tensor:
    outcome = score_sets(QUERY, gallery, retrieval, distance=distance)
    assert outcome.scores["gallery"] == 56 and len(outcome.results.ap) == 24
    return outcome.results.ap


def by_hand(distances: Tensor, gallery: EmbeddedSet) -> Tensor:
    results: QueryResults = rank_queries(
        distances, QUERY.pids, QUERY.camids, gallery.pids, gallery.camids
    )
    return results.ap


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_every_combination_is_scored_whatever_the_gallerys_order(distance: str) -> None:
    shuffled = GALLERY.take(torch.randperm(60, generator=torch.Generator().manual_seed(3)))
    seen = set()
    for multi, database, expansion, time, rerank in product([False, True], repeat=5):
        retrieval = Retrieval(
            multi_query=multi,
            database=MEAN if database else None,
            expansion=MEAN if expansion else None,
            spatial_temporal=TIME if time else None,
            rerank=Rerank(k1=5, k2=2) if rerank else None,
        )
        scores = score(retrieval, distance=distance)
        assert torch.allclose(scores, score(retrieval, shuffled, distance))
        seen.add(round(float(scores.mean()), 6))
    assert len(seen) > 25, "steps change scores"


def test_each_step_is_what_it_says() -> None:
    clean = GALLERY.take(GALLERY.pids != -1)
    q, g = unit_norm(QUERY.embeddings), unit_norm(clean.embeddings)
    assert torch.equal(score(Retrieval()), by_hand(-(q.double() @ g.double().T).float(), clean))
    asked = unit_norm(MEAN(q, g))
    assert torch.allclose(score(Retrieval(expansion=MEAN)), by_hand(-asked @ g.T, clean))
    averaged = unit_norm(MEAN(g))
    assert torch.allclose(score(Retrieval(database=MEAN)), by_hand(-q @ averaged.T, clean))
    several = unit_norm(multi_query(QUERY._replace(embeddings=q), clean._replace(embeddings=g)))
    assert torch.allclose(score(Retrieval(multi_query=True)), by_hand(-several @ g.T, clean))
    p = TIME.probability(QUERY.camids, QUERY.times, clean.camids, clean.times)
    joint = joint_score(q.double() @ g.double().T, p)
    assert torch.allclose(score(Retrieval(spatial_temporal=TIME)), by_hand(-joint, clean))
    rerank = Rerank(k1=5, k2=2)
    both = rerank(squared_rows(torch.cat([q, g])), len(q), len(q) + len(g))
    assert torch.allclose(score(Retrieval(rerank=rerank)), by_hand(torch.cat(list(both)), clean))


def test_euclidean_distances_keep_the_norms() -> None:
    clean = GALLERY.take(GALLERY.pids != -1)
    distances = torch.cdist(QUERY.embeddings.double(), clean.embeddings.double())
    assert torch.allclose(score(Retrieval(), distance="euclidean"), by_hand(distances, clean))


def test_embeddings_that_are_not_finite_are_refused() -> None:
    broken = GALLERY._replace(embeddings=GALLERY.embeddings.clone())
    broken.embeddings[7, 3] = torch.nan
    with pytest.raises(ReIDError, match="not finite"):
        score_sets(QUERY, broken, Retrieval(), distance="cosine")


class Broken:
    """A step of the package whose numbers are right except for one."""

    def __init__(self, step: NeighbourMean | Rerank) -> None:
        self.step = step

    def __call__(self, *arguments: object) -> Tensor | Iterator[Tensor]:
        result = self.step(*arguments)  # type: ignore[operator]
        if isinstance(result, Tensor):
            result[3, 1] = torch.nan
            return result
        return ((chunk * torch.tensor(torch.nan)) for chunk in result)


def nan_step(query: EmbeddedSet, gallery: EmbeddedSet) -> tuple[Tensor, Tensor]:
    return query.embeddings, gallery.embeddings.where(gallery.embeddings < 1, torch.nan)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_step_that_gives_nan_is_named(distance: str, monkeypatch: pytest.MonkeyPatch) -> None:
    time = replace(TIME, distributions=torch.full_like(TIME.distributions, torch.nan))
    cases = {
        "nan_step": Retrieval(own_steps=(nan_step,)),
        "database": Retrieval(database=Broken(MEAN)),
        "expansion": Retrieval(expansion=Broken(MEAN)),
        "spatial_temporal": Retrieval(spatial_temporal=time),
        "spatial_temporal ": Retrieval(spatial_temporal=time, rerank=Rerank(k1=5, k2=2)),
        "rerank": Retrieval(rerank=Broken(Rerank(k1=5, k2=2))),
    }
    for name, retrieval in cases.items():
        with pytest.raises(ReIDError, match=f"retrieval step {name.strip()} gave .* not finite"):
            score(retrieval, distance=distance)
    several = "reid_lightning.retrieval.retrieval.multi_query"
    monkeypatch.setattr(several, lambda query, gallery: query.embeddings * torch.nan)
    with pytest.raises(ReIDError, match="retrieval step multi_query gave"):
        score(Retrieval(multi_query=True), distance=distance)


def test_no_picture_is_near_by_a_distance_that_is_not_finite() -> None:
    rows = squared_rows(torch.cat([QUERY.embeddings, GALLERY.embeddings]) * torch.nan)
    with pytest.raises(ReIDError, match="to re-rank by is not finite"):
        list(Rerank(k1=5, k2=2)(rows, 24, 84))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, torch.rand(3)])
def test_a_score_of_ones_own_is_a_finite_number(value: float | Tensor) -> None:
    with pytest.raises(ReIDError, match=r"metric\.extra_scores\.own gave .* no finite number"):
        score_sets(
            QUERY, GALLERY, Retrieval(), distance="cosine", extra_scores={"own": lambda _: value}
        )


@pytest.mark.parametrize("queries", [0, 2])
@pytest.mark.parametrize("pictures", [0, 2])
def test_sets_without_a_match_are_refused_before_any_step(queries: int, pictures: int) -> None:
    query, gallery = QUERY.take(torch.arange(queries)), GALLERY.take(torch.arange(pictures))
    strangers = gallery._replace(pids=gallery.pids + 1000)
    for retrieval in (
        Retrieval(),
        Retrieval(multi_query=True, database=MEAN, expansion=MEAN),
        Retrieval(spatial_temporal=TIME),
        Retrieval(rerank=Rerank(k1=5, k2=2)),
    ):
        with pytest.raises(ReIDError, match="No query has a match"):
            score_sets(query, strangers, retrieval, distance="cosine")
