"""What is found of a test, against the results it was ranked to, and plain loops."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from reid_lightning.data.sample import Sample
from reid_lightning.errors import ReIDError
from reid_lightning.results.findings import Findings, find, read_findings, write_findings
from reid_lightning.retrieval import NeighbourMean, Pictures, Rerank, Retrieval, SpatialTemporal
from reid_lightning.scoring.query_distances import distances_of
from reid_lightning.scoring.rank_sets import embedded_set, rank_sets

QUERIES, GALLERY = 12, 78
STEPS = {
    "none": Retrieval(),
    "expansion": Retrieval(expansion=NeighbourMean(k=2, alpha=3.0)),
    "rerank": Retrieval(rerank=Rerank(k1=5, k2=2)),
}


def samples(count: int, seed: int) -> list[Sample]:
    generator = torch.Generator().manual_seed(seed)
    pids = torch.randint(-1, 5, (count,), generator=generator)
    pids[:QUERIES] = torch.arange(QUERIES) % 4 + 1
    camids = torch.randint(0, 3, (count,), generator=generator).tolist()
    return [
        Sample(Path(f"{seed}_{i}.jpg"), pid, camid, 1, i, 100 * i)
        for i, (pid, camid) in enumerate(zip(pids.tolist(), camids, strict=True))
    ]


def ranked(distance: str, steps: Retrieval, device: str = "cpu") -> tuple:
    """Pictures on a coarse grid, so that many are equally far."""
    generator = torch.Generator().manual_seed(5)
    both = samples(QUERIES, 0), samples(GALLERY, 1)
    query, gallery = (
        embedded_set(s, torch.randint(0, 3, (len(s), 3), generator=generator).to(device) + 0.5)
        for s in both
    )
    results, count = rank_sets(query, gallery, steps, distance=distance)
    return query, gallery, results, both, count


def found_of(
    query: Pictures, gallery: Pictures, results: Any, both: Any, queries: int, length: int
) -> Findings:
    """Without steps, by cosine."""
    plain = {"distance": "cosine", "ap": "step", "queries": queries, "length": length}
    return find(query, gallery, Retrieval(), results, both, **plain)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(("distance", "steps"), list(product(["cosine", "euclidean"], STEPS)))
def test_the_lists_are_those_that_are_scored(distance: str, steps: str, device: str) -> None:
    query, gallery, results, both, count = ranked(distance, STEPS[steps], device)
    found = find(
        query,
        gallery,
        STEPS[steps],
        results,
        both,
        distance=distance,
        ap="step",
        queries=4,
        length=99,
    )
    assert len(found.worst) == len(found.best) == 4
    for one in (*found.worst, *found.best):
        place = int(one.query.stem.split("_")[1])
        counted = [s.verdict for s in one.gallery if s.verdict != "junk"]
        hits = [rank for rank, verdict in enumerate(counted, 1) if verdict == "hit"]
        assert len(one.gallery) == GALLERY and len(counted) <= count
        assert len(hits) == results.matches[place] and hits[0] == results.first_match[place]
        precision = [n / rank for n, rank in enumerate(hits, 1)]
        assert sum(precision) / len(hits) == pytest.approx(float(results.ap[place]))


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_distances_are_those_of_the_embeddings(distance: str) -> None:
    query, gallery, *_ = ranked(distance, Retrieval())
    x, y = query.embeddings.double(), gallery.embeddings.double()
    asked = [3, 0, 3]
    rows = list(distances_of(query, gallery, Retrieval(), asked, distance=distance))
    by_hand = 1 - F.normalize(x) @ F.normalize(y).T if distance == "cosine" else torch.cdist(x, y)
    itself = torch.stack([row.distance for row in rows]).double()
    assert torch.allclose(itself, by_hand[asked], atol=1e-5)
    for row, own in zip(rows, by_hand[asked], strict=True):
        order = row.ranked.argsort(stable=True)
        assert (own[order].diff() > -1e-6).all(), "what is ranked has the order of the distances"


def test_junk_that_a_step_leaves_out_is_infinitely_far() -> None:
    query, gallery, *_ = ranked("cosine", Retrieval())
    time = SpatialTemporal.fit(*gallery[1:])
    for steps in (STEPS["expansion"], STEPS["rerank"], Retrieval(spatial_temporal=time)):
        (row,) = distances_of(query, gallery, steps, [2], distance="cosine")
        assert torch.equal(row.ranked.isinf(), gallery.pids == -1)
        held = row.ranked.untyped_storage().nbytes()
        assert held == row.ranked.numel() * row.ranked.element_size(), "and not a whole chunk"


def test_pairs_are_of_one_person_by_two_cameras_and_of_two_persons() -> None:
    query, gallery, results, both, _ = ranked("euclidean", Retrieval())
    found = find(
        query,
        gallery,
        Retrieval(),
        results,
        both,
        distance="euclidean",
        ap="step",
        queries=1,
        length=3,
    )
    positive, negative = [], []
    for q, x in zip(both[0], query.embeddings, strict=True):
        for g, y in zip(both[1], gallery.embeddings, strict=True):
            pairs = {(True, False): positive, (False, False): negative, (False, True): negative}
            kind = pairs.get((q.pid == g.pid, q.camid == g.camid))
            if kind is not None and g.pid != -1:
                kind.append(float((x - y).norm()))
    assert found.positive.tolist() == pytest.approx(positive, abs=1e-5)
    assert found.negative.tolist() == pytest.approx(negative, abs=1e-5), "so few are all looked at"


def test_the_map_is_of_the_people_with_most_pictures() -> None:
    pids = torch.tensor([-1] * 9 + [0] * 9 + [30] * 5 + [p for p in range(1, 20) for _ in "12"])
    gallery = Pictures(
        torch.randn(len(pids), 4), pids, torch.ones_like(pids), torch.ones_like(pids)
    )
    query = gallery.take(torch.tensor([18, 25]))._replace(camids=torch.zeros(2, dtype=torch.long))
    both = tuple(
        [Sample(Path("a.jpg"), pid, camid, 1, 1) for pid, camid in zip(*p[1:3], strict=True)]
        for p in (query, gallery)
    )
    results, _ = rank_sets(query, gallery, Retrieval(), distance="cosine")
    found = found_of(query, gallery, results, both, 1, 1)
    assert found.pids.unique().tolist() == [*range(1, 7), 30] and len(found.pids) == 6 + 6 * 2 + 1
    assert found.embeddings.shape == (19, 4)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    query, gallery, results, both, _ = ranked("cosine", Retrieval())
    found = found_of(query, gallery, results, both, 2, 3)
    write_findings(tmp_path / "findings.pt", found)
    again = read_findings(tmp_path / "findings.pt")
    there = [one.query for one in (*again.worst, *again.best)]
    assert there == [one.query.absolute() for one in (*found.worst, *found.best)]
    assert [one[2:] for one in again.worst] == [one[2:] for one in found.worst]
    assert [p.name for p in tmp_path.iterdir()] == ["findings.pt"]
    assert all(torch.equal(a, b) for a, b in zip(again[2:], found[2:], strict=True))


def test_another_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "findings.pt").write_text("no")
    with pytest.raises(ReIDError, match="cannot be read as PyTorch weights"):
        read_findings(tmp_path / "findings.pt")
    torch.save({"state_dict": {}}, tmp_path / "findings.pt")
    with pytest.raises(ReIDError, match="by another version"):
        read_findings(tmp_path / "findings.pt")
