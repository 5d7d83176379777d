"""Scores of embedded queries and gallery: joins retrieval and ranking."""

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults, rank_queries
from reid_lightning.retrieval.embedded_set import Pictures
from reid_lightning.retrieval.retrieval import Retrieval

_ROWS = 2**14  # embeddings looked through at a time


def rank_sets(
    query: Pictures,
    gallery: Pictures,
    retrieval: Retrieval,
    *,
    distance: Distance,
    ap: AveragePrecision = "step",
) -> tuple[QueryResults, int]:
    """Every query's results, and the size of the gallery without its junk (pid -1).

    Args:
        query, gallery: as they were embedded.
        retrieval: what is done before they are ranked.
        distance: `cosine` or `euclidean`; time and place are always joined to the cosine.
        ap: `step` or `trapezoid`, see `rank_queries`.

    Raises:
        ReIDError: an embedding is not finite, or `distance` or `ap` is none of these.
    """
    check_choice("metric.distance", distance, ("cosine", "euclidean"))
    check_choice("metric.ap", ap, get_args(AveragePrecision))
    count = int((gallery.pids != -1).sum())
    check_finite(query.embeddings)
    check_finite(gallery.embeddings)
    if not (retrieval.uses_raw_embeddings and retrieval.uses_raw_distances):
        if count < len(gallery.pids):  # ranking leaves junk out itself, without a copy
            gallery = gallery.take(gallery.pids != -1)
        query, gallery = apply_steps(query, gallery, retrieval, distance)
    theirs = (gallery.pids, gallery.camids)
    if retrieval.uses_raw_distances:
        both = (query.embeddings, gallery.embeddings, query.pids, query.camids)
        return rank_embeddings(*both, *theirs, distance=distance, ap=ap), count
    parts, start = [], 0
    for distances in retrieval.distances(query, gallery):
        chunk = slice(start, start + len(distances))
        parts.append(rank_queries(distances, query.pids[chunk], query.camids[chunk], *theirs, ap))
        start = chunk.stop
    return QueryResults(*(torch.cat(part) for part in zip(*parts, strict=True))), count


def apply_steps(
    query: Pictures, gallery: Pictures, retrieval: Retrieval, distance: Distance
) -> tuple[Pictures, Pictures]:
    """Queries and gallery with the embeddings that are compared.

    The gallery is without junk, or there are no steps.
    """
    x, y = retrieval.embeddings(query, gallery, normalize=distance == "cosine")
    return query._replace(embeddings=x), gallery._replace(embeddings=y)


def check_finite(embeddings: Tensor) -> None:
    """Raise a `ReIDError` unless all embeddings [n, d] are finite."""
    if not all(part.isfinite().all() for part in torch.split(embeddings, _ROWS)):
        raise ReIDError("An embedding is not finite: the network of this checkpoint diverged.")


def embedded_set(samples: Sequence[Sample], embeddings: Tensor) -> Pictures:
    """Samples with their embeddings [n, d], on the embeddings' device."""
    return Pictures(embeddings, *(c.to(embeddings.device) for c in columns_of(samples)))


def columns_of(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pids, camids and times (-1: none) of pictures."""
    times = [-1 if s.time is None else s.time for s in samples]
    pids, camids = [s.pid for s in samples], [s.camid for s in samples]
    return torch.tensor(pids), torch.tensor(camids), torch.tensor(times)
