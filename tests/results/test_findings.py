"""The findings of a test, against the results they were ranked to and plain loops."""

from itertools import product
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.results.findings import collect_findings, read_findings, write_findings
from reid_lightning.retrieval import (
    EmbeddedSet,
    NeighbourMean,
    Rerank,
    Retrieval,
    SpatialTemporal,
)
from reid_lightning.scoring.embedded_samples import embedded_set
from reid_lightning.scoring.score_sets import Outcome, score_sets

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


QUERY_SAMPLES, GALLERY_SAMPLES = samples(QUERIES, 0), samples(GALLERY, 1)
SCORED = Splits((), tuple(QUERY_SAMPLES), tuple(GALLERY_SAMPLES))


def scored(
    distance: str, steps: Retrieval, device: str = "cpu", *, lists: int = 1, length: int = 3
) -> Outcome:
    """Pictures on a coarse grid, so that many are equally far."""
    generator = torch.Generator().manual_seed(5)
    query, gallery = (
        embedded_set(s, torch.randint(0, 3, (len(s), 3), generator=generator).to(device) + 0.5)
        for s in (QUERY_SAMPLES, GALLERY_SAMPLES)
    )
    return score_sets(query, gallery, steps, distance=distance, lists=lists, length=length)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(("distance", "steps"), list(product(["cosine", "euclidean"], STEPS)))
def test_the_lists_are_those_that_are_scored(distance: str, steps: str, device: str) -> None:
    outcome = scored(distance, STEPS[steps], device, lists=4, length=99)
    results, junk = outcome.results, int((outcome.gallery.pids == -1).sum())
    found = collect_findings(outcome, SCORED, "step")
    assert len(found.worst) == len(found.best) == 4
    left_out = 0 if steps == "none" else junk  # a step leaves junk out of the gallery
    for ranked in (*found.worst, *found.best):
        query = int(ranked.query.path.stem.split("_")[1])
        counted = [s.verdict for s in ranked.gallery if s.verdict != "junk"]
        hits = [rank for rank, verdict in enumerate(counted, 1) if verdict == "hit"]
        assert len(ranked.gallery) == GALLERY - left_out and len(counted) <= GALLERY - junk
        assert len({s.picture for s in ranked.gallery}) == len(ranked.gallery)
        pids = {s.picture: s.pid for s in GALLERY_SAMPLES}
        own = QUERY_SAMPLES[query].pid
        assert all(s.verdict == "junk" or (s.verdict == "hit") == (pids[s.picture] == own)
                   for s in ranked.gallery)  # fmt: skip
        assert len(hits) == results.matches[query] and hits[0] == results.first_match[query]
        precision = [n / rank for n, rank in enumerate(hits, 1)]
        assert sum(precision) / len(hits) == pytest.approx(float(results.ap[query]))


@pytest.mark.parametrize("chunk_rows", [1, 5, 12])
@pytest.mark.parametrize("steps", ["none", "expansion"])
def test_lists_and_pairs_do_not_depend_on_chunks(
    steps: str, chunk_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Re-ranking is left out: its float32 products round these many ties by the chunk."""
    whole = scored("cosine", STEPS[steps], lists=3, length=9)
    monkeypatch.setattr("reid_lightning.parallel.CHUNK_BYTES", chunk_rows * 4 * GALLERY + 3)
    parts = scored("cosine", STEPS[steps], lists=3, length=9)
    assert (whole.worst, whole.best) == (parts.worst, parts.best)
    assert torch.equal(whole.positive, parts.positive)
    assert torch.equal(whole.negative, parts.negative)


@pytest.mark.parametrize("steps", [*STEPS, "spatial_temporal"])
def test_every_query_is_ranked_once(steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    time = SpatialTemporal.fit(*scored("cosine", Retrieval()).gallery[1:])
    retrieval = STEPS.get(steps, Retrieval(spatial_temporal=time))
    calls = []
    original = Retrieval.distances
    monkeypatch.setattr(
        Retrieval, "distances", lambda self, *sets: calls.append(1) or original(self, *sets)
    )
    scored("cosine", retrieval, lists=4, length=9)
    assert len(calls) == (not retrieval.uses_raw_distances)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_pairs_are_of_one_person_by_two_cameras_and_of_two_persons(distance: str) -> None:
    outcome = scored(distance, Retrieval())
    found = collect_findings(outcome, SCORED, "step")
    positive, negative = [], []
    for q, x in zip(QUERY_SAMPLES, outcome.query.embeddings, strict=True):
        for g, y in zip(GALLERY_SAMPLES, outcome.gallery.embeddings, strict=True):
            pairs = {(True, False): positive, (False, False): negative, (False, True): negative}
            kind = pairs.get((q.pid == g.pid, q.camid == g.camid))
            if kind is not None and g.pid != -1:
                cosine = 1 - F.cosine_similarity(x, y, dim=0)
                kind.append(float(cosine if distance == "cosine" else (x - y).norm()))
    assert found.positive.tolist() == pytest.approx(positive, abs=1e-5)
    assert found.negative.tolist() == pytest.approx(negative, abs=1e-5), "too few to be sampled"


def test_no_lists_without_a_report() -> None:
    outcome = scored("cosine", Retrieval(), lists=0)
    assert outcome.worst == outcome.best == []


def test_the_map_is_of_the_people_with_most_pictures() -> None:
    strangers = [-2 - n for n in range(9)]
    people = [30] * 5 + [p for p in range(20) for _ in "12"]
    pids = torch.tensor([-1] * 9 + strangers + people)
    gallery = EmbeddedSet(
        torch.randn(len(pids), 4), pids, torch.ones_like(pids), torch.ones_like(pids)
    )
    query = gallery.take(torch.tensor([18, 25]))._replace(camids=torch.zeros(2, dtype=torch.long))
    query_samples, gallery_samples = (
        [Sample(Path("a.jpg"), pid, camid, 1, 1) for pid, camid in zip(*p[1:3], strict=True)]
        for p in (query, gallery)
    )
    outcome = score_sets(query, gallery, Retrieval(), distance="cosine", lists=1)
    found = collect_findings(
        outcome, Splits((), tuple(query_samples), tuple(gallery_samples)), "step"
    )
    assert found.pids.unique().tolist() == [*range(6), 30] and len(found.pids) == 6 + 6 * 2 + 1
    assert found.embeddings.shape == (19, 4)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    outcome = scored("cosine", Retrieval(), lists=2)
    found = collect_findings(outcome, SCORED, "step")
    for lists in (found.worst, found.best):
        lists[:] = [r._replace(query=Picture(r.query.path, (1, 2, 3, 4))) for r in lists]
    write_findings(tmp_path / "findings.pt", found)
    read = read_findings(tmp_path / "findings.pt")
    queries = [ranked.query for ranked in (*read.worst, *read.best)]
    assert queries == [
        Picture(ranked.query.path.absolute(), (1, 2, 3, 4))
        for ranked in (*found.worst, *found.best)
    ]
    assert [ranked[2:] for ranked in read.worst] == [ranked[2:] for ranked in found.worst]
    assert [p.name for p in tmp_path.iterdir()] == ["findings.pt"]
    assert all(torch.equal(a, b) for a, b in zip(read[2:], found[2:], strict=True))


def test_another_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "findings.pt").write_text("no")
    with pytest.raises(ReIDError, match="cannot be read as a PyTorch file"):
        read_findings(tmp_path / "findings.pt")
    torch.save({"state_dict": {}}, tmp_path / "findings.pt")
    with pytest.raises(ReIDError, match="by another version"):
        read_findings(tmp_path / "findings.pt")
