"""Every second person out of the gallery, against a plain loop over queries and pictures."""

import pytest
import torch

from reid_lightning.distances import unit_norm
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.open_set import Searches, fnir_at_fpir
from reid_lightning.retrieval import EmbeddedSet, NeighbourMean, Rerank, Retrieval, SpatialTemporal
from reid_lightning.scoring.open_set import score_open_set


def pictures(count: int, seed: int) -> EmbeddedSet:
    generator = torch.Generator().manual_seed(seed)
    pids = torch.arange(count) % 12 + 1
    people = torch.randn(13, 16, generator=torch.Generator().manual_seed(9))
    x = people[pids] * (1 + pids[:, None] / 6) + 1.2 * torch.randn(count, 16, generator=generator)
    times = torch.randint(0, 50_000, (count,), generator=generator)
    return EmbeddedSet(x, pids, torch.randint(0, 3, (count,), generator=generator), times)


QUERY, GALLERY = pictures(60, 0), pictures(150, 1)
GALLERY.pids[140:] = -1  # junk
GALLERY.pids[130:140] = torch.arange(-2, -12, -1)  # distractors
QUERY.pids[7] = 99  # nobody else's, and every second: 99 is the 13th


def slow_distance(a: torch.Tensor, b: torch.Tensor, kind: str) -> float:
    if kind == "euclidean":
        return float((a.double() - b.double()).square().sum())
    return -float(unit_norm(a[None].double())[0] @ unit_norm(b[None].double())[0])


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_it_is_a_plain_loop(distance: str) -> None:
    people = sorted({*QUERY.pids.tolist()})
    absent = {*people[1::2]}
    assert 99 not in absent and len(absent) == 6
    first, match_distance, nearest, left_out, same, other = [], [], [], 0, [], []
    for x, pid, camid, _ in zip(*QUERY, strict=True):
        row = []
        for y, gallery_pid, gallery_camid, _ in zip(*GALLERY, strict=True):
            if gallery_pid == -1:
                continue
            value = slow_distance(x, y, distance)
            if camid != gallery_camid:
                (same if pid == gallery_pid else other).append(value)
            own_camera = pid == gallery_pid and camid == gallery_camid
            if int(gallery_pid) not in absent and not own_camera:
                row.append((value, bool(pid == gallery_pid)))
        row.sort()
        ranks = [n for n, (_, is_match) in enumerate(row, start=1) if is_match]
        if int(pid) in absent:
            assert not ranks
            nearest.append(row[0][0])
        elif ranks:
            first.append(ranks[0])
            match_distance.append(row[ranks[0] - 1][0])
        else:
            left_out += 1
    found = score_open_set(QUERY, GALLERY, Retrieval(), distance)
    searches = Searches(*map(torch.tensor, (first, match_distance, nearest)))
    assert left_out > 0
    in_gallery = sum(int(pid) != -1 and int(pid) not in absent for pid in GALLERY.pids)
    assert found.counts == {
        "mated": len(first),
        "non_mated": len(nearest),
        "left_out": left_out,
        "gallery": in_gallery,
    }
    for rank in (1, 20):
        for name, rate in (("1", 0.01), ("10", 0.1)):
            expected = fnir_at_fpir(searches, rate, rank)
            assert found.scores[f"FNIR_rank{rank}_FPIR{name}"] == pytest.approx(expected)
    for name, rate in (("0.1", 0.001), ("1", 0.01)):
        threshold = sorted(other)[int(rate * len(other))]
        expected = sum(d < threshold for d in same) / len(same)
        assert found.scores[f"TAR_FAR{name}"] == pytest.approx(expected)
    assert 0 < found.scores["FNIR_rank1_FPIR10"] < 1 and 0 < found.scores["TAR_FAR1"] < 1


def test_a_perfect_network_misses_nobody() -> None:
    eye = torch.eye(100)
    query = QUERY.take(QUERY.pids != 99)
    gallery = GALLERY._replace(embeddings=eye[GALLERY.pids])
    found = score_open_set(
        query._replace(embeddings=eye[query.pids]), gallery, Retrieval(), "cosine"
    )
    assert {found.scores[f"FNIR_rank{r}_FPIR{f}"] for r in (1, 20) for f in (1, 10)} == {0}
    assert found.scores["TAR_FAR0.1"] == found.scores["TAR_FAR1"] == 1


def test_a_collapsed_network_finds_nobody() -> None:
    same = QUERY._replace(embeddings=torch.ones(60, 4))
    gallery = GALLERY._replace(embeddings=torch.ones(150, 4))
    found = score_open_set(same, gallery, Retrieval(), "cosine")
    assert found.scores["FNIR_rank20_FPIR10"] == 1 and found.scores["TAR_FAR1"] == 0


def test_order_changes_nothing_and_steps_do() -> None:
    order = torch.randperm(150, generator=torch.Generator().manual_seed(3))
    steps = [
        Retrieval(),
        Retrieval(expansion=NeighbourMean(k=2, alpha=3.0), database=NeighbourMean(k=2, alpha=3.0)),
        Retrieval(multi_query=True),
        Retrieval(
            spatial_temporal=SpatialTemporal.fit(*pictures(40, 2)[1:], more_camids=torch.arange(3))
        ),
    ]
    curves = set()
    for retrieval in steps:
        found = score_open_set(QUERY, GALLERY, retrieval, "cosine")
        again = score_open_set(QUERY, GALLERY.take(order), retrieval, "cosine")
        assert found.scores == pytest.approx(again.scores)
        curves.add(tuple(found.curves[1].fnir.tolist()))
    assert len(curves) == len(steps)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ReIDError, match="leave rerank out of"):
        score_open_set(QUERY, GALLERY, Retrieval(rerank=Rerank(k1=5, k2=2)), "cosine")
    one = QUERY.take(QUERY.pids == 3)
    with pytest.raises(ReIDError, match="needs queries of people in the gallery and of others"):
        score_open_set(one, GALLERY, Retrieval(), "cosine")


@pytest.mark.parametrize("whose", [[], [2, 4]], ids=["empty", "of those taken out alone"])
def test_a_gallery_without_anybody_left_is_refused(whose: list[int]) -> None:
    gallery = GALLERY.take(torch.isin(GALLERY.pids, torch.tensor(whose)))
    with pytest.raises(ReIDError, match=r"leaves 0 with a match and \d+ without"):
        score_open_set(QUERY, gallery, Retrieval(), "cosine")
