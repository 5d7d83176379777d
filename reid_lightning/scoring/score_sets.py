"""The one pipeline from embedded query and gallery to scores, of training's test and evaluation."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.distances import RankingDistance
from reid_lightning.metrics.finite import check_finite
from reid_lightning.metrics.identities import Identities
from reid_lightning.metrics.rank_embeddings import RankedChunk, rank_in_chunks
from reid_lightning.metrics.ranking import (
    AveragePrecision,
    QueryResults,
    count_matches,
    join_results,
    rank_queries,
)
from reid_lightning.metrics.summary import ExtraScore, check_any_match, summary
from reid_lightning.retrieval import EmbeddedSet, Retrieval
from reid_lightning.scoring.camera_pairs import CameraPair, CameraPairsSoFar
from reid_lightning.scoring.first_results import FirstResults, FirstResultsSoFar
from reid_lightning.scoring.pair_distances import PairDistances
from reid_lightning.scoring.worst_and_best import RetrievedList, WorstAndBest
from reid_lightning.signatures import checked


class Outcome(NamedTuple):
    """What a test or an evaluation yields.

    `query` and `gallery` are the sets that were scored, as they were embedded. `scores` are
    fractions by name (`mAP`, `rank1`, …) and the counts `queries`, `left_out` and `gallery`;
    `results` has an entry for each query. The rest is for the report: the `first` results of every
    query, scores by pair of cameras, lists of the `worst` and the `best` queries by AP, and
    distances of a sample of `positive` and `negative` pairs: 1 - cosine or |x - y| where embeddings
    are ranked directly, else the distance that is ranked.
    """

    query: EmbeddedSet
    gallery: EmbeddedSet
    scores: dict[str, float]
    results: QueryResults
    first: FirstResults
    camera_pairs: list[CameraPair]
    worst: list[RetrievedList]
    best: list[RetrievedList]
    positive: Tensor
    negative: Tensor


@checked("metric")
def score_sets(
    query: EmbeddedSet,
    gallery: EmbeddedSet,
    retrieval: Retrieval,
    *,
    distance: RankingDistance,
    ap: AveragePrecision = "step",
    extra_scores: Mapping[str, ExtraScore] | None = None,
    lists: int = 0,
    length: int = 1,
) -> Outcome:
    """Take the steps of `retrieval`, rank every query once, and score the ranking.

    Args:
        query, gallery: as they were embedded.
        retrieval: the steps between embedding and ranking.
        distance: `cosine` or `euclidean`; time and place are always joined to the cosine.
        ap: `step` or `trapezoid`, see `rank_queries`.
        extra_scores: see `ReIDMetric`.
        lists: how many queries with the lowest AP, and with the highest, get a ranked list.
        length: gallery pictures in a list.

    Raises:
        ReIDError: an embedding is not finite, no query has a match from another camera, or
            `distance` or `ap` is unknown.
    """
    check_finite(query.embeddings)
    check_finite(gallery.embeddings)
    identities = Identities(query.pids, query.camids, gallery.pids, gallery.camids)
    check_any_match(count_matches(identities))  # before steps, which need pictures
    gallery_size = int((gallery.pids != -1).sum())
    final_query, final_gallery, indices = _apply_steps(query, gallery, retrieval, distance)
    shown_as = distance if retrieval.uses_raw_distances else None
    lists_so_far = WorstAndBest(final_query, final_gallery, indices, count=lists, length=length)
    pairs = PairDistances(final_query, final_gallery, shown_as)
    first = FirstResultsSoFar(final_query, final_gallery, indices, shown_as)
    cameras = CameraPairsSoFar(final_query, final_gallery, ap)
    parts = []
    for chunk in _rank(final_query, final_gallery, retrieval, distance, ap):
        lists_so_far.add(chunk)
        pairs.add(chunk)
        first.add(chunk)
        cameras.add(chunk)
        parts.append(chunk.results)
    results = join_results(parts)
    scores = {n: float(x) for n, x in summary(results, gallery_size, extra_scores).items()}
    worst, best = lists_so_far.worst(), lists_so_far.best()
    kept = first.joined(), cameras.joined(), worst, best, *pairs.joined()
    return Outcome(query, gallery, scores, results, *kept)


def _apply_steps(
    query: EmbeddedSet, gallery: EmbeddedSet, retrieval: Retrieval, distance: RankingDistance
) -> tuple[EmbeddedSet, EmbeddedSet, Tensor]:
    """The sets that are ranked, and the index of each ranked picture in the whole gallery.

    Steps see a gallery without junk; the ranking itself leaves junk out without a copy.
    """
    indices = torch.arange(len(gallery.pids), device=gallery.pids.device)
    if retrieval.uses_raw_embeddings and retrieval.uses_raw_distances:
        return query, gallery, indices
    if len(kept := (gallery.pids != -1).nonzero().flatten()) < len(indices):
        gallery, indices = gallery.take(kept), kept
    x, y = retrieval.embeddings(query, gallery, normalize=distance == "cosine")
    return query._replace(embeddings=x), gallery._replace(embeddings=y), indices


def _rank(
    query: EmbeddedSet,
    gallery: EmbeddedSet,
    retrieval: Retrieval,
    distance: RankingDistance,
    ap: AveragePrecision,
) -> Iterator[RankedChunk]:
    """Rank by the distance of embeddings, or by the distances that `retrieval` computes."""
    if retrieval.uses_raw_distances:
        identities = Identities(query.pids, query.camids, gallery.pids, gallery.camids)
        embeddings = query.embeddings, gallery.embeddings
        yield from rank_in_chunks(*embeddings, identities, distance=distance, ap=ap)
        return
    start = 0
    for distances in retrieval.distances(query, gallery):
        rows = slice(start, start + len(distances))
        pids, camids = query.pids[rows], query.camids[rows]
        results = rank_queries(distances, pids, camids, gallery.pids, gallery.camids, ap)
        yield RankedChunk(rows, distances, results)
        start = rows.stop
