"""First results and scores by pair of cameras, against a plain sort of every query's distances."""

import pytest
import torch

from reid_lightning.retrieval import EmbeddedSet, Retrieval
from reid_lightning.retrieval.rerank.k_reciprocal import Rerank
from reid_lightning.scoring.first_results import FIRST
from reid_lightning.scoring.score_sets import Outcome, score_sets

PEOPLE, CAMERAS, DIMENSIONS = 7, 4, 6


def random_set(count: int, seed: int, junk: bool) -> EmbeddedSet:
    """Pictures of few whole numbers, so that many distances are equal, and exact."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 3, (count, DIMENSIONS), generator=generator).float()
    pids = torch.randint(-1 if junk else 0, PEOPLE, (count,), generator=generator)
    camids = torch.randint(0, CAMERAS, (count,), generator=generator)
    return EmbeddedSet(x, pids, camids, torch.full((count,), -1))


QUERY, GALLERY = random_set(40, 0, False), random_set(90, 1, True)


def distance(query: int, picture: int) -> float:
    return float((QUERY.embeddings[query] - GALLERY.embeddings[picture]).double().norm())


def ranking(query: int, pictures: list[int]) -> list[tuple[float, bool, int]]:
    """Those that count, nearest first, with a miss before a hit at equal distances."""
    pid, camid = int(QUERY.pids[query]), int(QUERY.camids[query])
    rows = []
    for picture in pictures:
        hit = int(GALLERY.pids[picture]) == pid
        if GALLERY.pids[picture] != -1 and not (hit and GALLERY.camids[picture] == camid):
            rows.append((distance(query, picture), hit, picture))
    return sorted(rows)


@pytest.fixture(scope="module", params=["float32", "float64"])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    dtype = getattr(torch, request.param)
    sets = (s._replace(embeddings=s.embeddings.to(dtype)) for s in (QUERY, GALLERY))
    return score_sets(*sets, Retrieval(), distance="euclidean")


def test_the_first_results_are_those_of_a_sort(outcome: Outcome) -> None:
    for query in range(len(QUERY.pids)):
        expected = ranking(query, list(range(len(GALLERY.pids))))[:FIRST]
        assert outcome.first.hit[query].tolist() == [hit for _, hit, _ in expected]
        nearest = [d for d, _, _ in expected]
        torch.testing.assert_close(outcome.first.distance[query], torch.tensor(nearest))
        for picture, near in zip(outcome.first.gallery[query].tolist(), nearest, strict=True):
            assert distance(query, picture) == near


def test_a_cell_is_the_mean_over_the_rankings_of_one_cameras_pictures(outcome: Outcome) -> None:
    cells = {(p.query_camid, p.gallery_camid): p for p in outcome.camera_pairs}
    assert len(cells) == CAMERAS * (CAMERAS - 1), "no camera has a match within itself"
    for (query_camid, gallery_camid), cell in cells.items():
        pictures = [i for i, c in enumerate(GALLERY.camids.tolist()) if c == gallery_camid]
        aps, firsts = [], []
        for query in (QUERY.camids == query_camid).nonzero().flatten().tolist():
            hits = [hit for _, hit, _ in ranking(query, pictures)]
            ranks = [rank for rank, hit in enumerate(hits, start=1) if hit]
            if ranks:
                aps.append(sum(n / r for n, r in enumerate(ranks, start=1)) / len(ranks))
                firsts.append(ranks[0] == 1)
        assert cell.queries == len(aps)
        assert cell.mAP == pytest.approx(sum(aps) / len(aps))
        assert cell.rank1 == pytest.approx(sum(firsts) / len(firsts))


def test_a_small_gallery_has_fewer_results() -> None:
    few = GALLERY.take((GALLERY.pids != -1).nonzero().flatten()[:4])
    query = QUERY.take(torch.isin(QUERY.pids, few.pids).nonzero().flatten())
    first = score_sets(query, few, Retrieval(), distance="cosine").first
    assert first.gallery.shape == (len(query.pids), FIRST)
    assert (first.gallery[:, 4:] == -1).all() and first.distance[:, 4:].isnan().all()


def test_reranked_results_are_in_the_order_of_the_new_distances() -> None:
    steps = Retrieval(rerank=Rerank())
    outcome = score_sets(QUERY, GALLERY, steps, distance="cosine")
    near = outcome.first.distance
    assert (near.diff(dim=1) >= 0).all()
    first_hit = [row.index(True) + 1 if True in row else 0 for row in outcome.first.hit.tolist()]
    for query, rank in enumerate(first_hit):
        if rank:
            assert rank == outcome.results.first_match[query]
    assert set(GALLERY.pids[outcome.first.gallery].flatten().tolist()).isdisjoint({-1})


def test_no_matrix_of_one_camera() -> None:
    alone = GALLERY._replace(camids=torch.zeros_like(GALLERY.camids))
    query = QUERY._replace(camids=torch.ones_like(QUERY.camids))
    assert score_sets(query, alone, Retrieval(), distance="cosine").camera_pairs == []
