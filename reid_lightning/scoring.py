"""Scores of embedded queries and gallery: joins retrieval and ranking."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

import torch
from torch import Tensor

from reid_lightning.data.market1501 import Sample
from reid_lightning.distances import Distance, normalized, ranking_distance
from reid_lightning.errors import ReIDError, check_choice
from reid_lightning.metrics.embeddings import rank_embeddings
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults, rank_queries
from reid_lightning.retrieval.pictures import Pictures
from reid_lightning.retrieval.retrieval import Retrieval

_ROWS = 2**14  # embeddings looked through at a time
_FEW = 32  # queries whose distances are held at a time


def rank_pictures(
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
    if not (retrieval.keeps_embeddings and retrieval.keeps_distances):
        if count < len(gallery.pids):  # ranking leaves junk out itself, without a copy
            gallery = gallery.take(gallery.pids != -1)
        query, gallery = _compared(query, gallery, retrieval, distance)
    theirs = (gallery.pids, gallery.camids)
    if retrieval.keeps_distances:
        both = (query.embeddings, gallery.embeddings, query.pids, query.camids)
        return rank_embeddings(*both, *theirs, distance=distance, ap=ap), count
    parts, start = [], 0
    for distances in retrieval.distances(query, gallery):
        chunk = slice(start, start + len(distances))
        parts.append(rank_queries(distances, query.pids[chunk], query.camids[chunk], *theirs, ap))
        start = chunk.stop
    return QueryResults(*(torch.cat(part) for part in zip(*parts, strict=True))), count


def distances_of(
    query: Pictures,
    gallery: Pictures,
    retrieval: Retrieval,
    queries: Sequence[int],
    *,
    distance: Distance,
) -> Iterator[Tensor]:
    """The distances of a few queries from the gallery, as they were ranked: a row [gallery] each.

    Where the embeddings' own distances are ranked, these are 1 - cosine or |x - y|. Junk that
    `retrieval` has left out is infinitely far.

    Args:
        query, gallery, retrieval, distance: as `rank_pictures` took them.
        queries: places among the queries; one may be named more than once.
    """
    kept = gallery.pids != -1
    if retrieval.keeps_embeddings and retrieval.keeps_distances:
        kept = torch.ones_like(kept)
        compared = query, gallery
    else:
        compared = _compared(query, gallery.take(kept), retrieval, distance)
    asked = torch.tensor(queries, dtype=torch.long, device=kept.device)
    if retrieval.keeps_distances:
        found: Iterable[Tensor] = _own_rows(*compared, asked, distance)
    else:
        rows: dict[int, Tensor] = {}
        start = 0
        for distances in retrieval.distances(*compared):
            inside = asked[(asked >= start) & (asked < start + len(distances))]
            rows |= {place: distances[place - start] for place in inside.tolist()}
            start += len(distances)
        found = (rows[place] for place in queries)
    for row in found:
        whole = torch.full((len(kept),), torch.inf, dtype=row.dtype, device=kept.device)
        whole[kept] = row
        yield whole


def _own_rows(
    query: Pictures, gallery: Pictures, asked: Tensor, distance: Distance
) -> Iterator[Tensor]:
    """The embeddings' distances, for a few queries and a part of the gallery at a time."""
    norm: Callable[[Tensor], Tensor] = normalized if distance == "cosine" else lambda x: x
    for few in torch.split(asked, _FEW):
        x = norm(query.embeddings[few])
        parts = [
            ranking_distance(x, norm(part), distance)
            for part in torch.split(gallery.embeddings, _ROWS)
        ]
        rows = torch.cat(parts, dim=1)
        if distance == "cosine":
            yield from 1 + rows
        else:
            yield from (rows + x.square().sum(1, keepdim=True)).clamp(min=0).sqrt()


def _compared(
    query: Pictures, gallery: Pictures, retrieval: Retrieval, distance: Distance
) -> tuple[Pictures, Pictures]:
    """With the embeddings that are compared; the gallery is without junk, or there are no steps."""
    x, y = retrieval.embeddings(query, gallery, unit_norm=distance == "cosine")
    return query._replace(embeddings=x), gallery._replace(embeddings=y)


def check_finite(embeddings: Tensor) -> None:
    """Raise a `ReIDError` unless all embeddings [n, d] are finite."""
    if not all(part.isfinite().all() for part in torch.split(embeddings, _ROWS)):
        raise ReIDError("An embedding is not finite: the network of this checkpoint diverged.")


def pictures_of(samples: Sequence[Sample], embeddings: Tensor) -> Pictures:
    """Samples with their embeddings [n, d], on the embeddings' device."""
    return Pictures(embeddings, *(c.to(embeddings.device) for c in columns_of(samples)))


def columns_of(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pids, camids and times (-1: none) of pictures."""
    times = [-1 if s.time is None else s.time for s in samples]
    pids, camids = [s.pid for s in samples], [s.camid for s in samples]
    return torch.tensor(pids), torch.tensor(camids), torch.tensor(times)
