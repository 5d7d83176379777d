"""Scores of embedded queries and gallery: joins retrieval and ranking."""

from collections.abc import Sequence

import torch
from torch import Tensor

from reid_lightning.data.market1501 import Sample
from reid_lightning.distances import Distance
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.embeddings import rank_embeddings
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults, rank_queries
from reid_lightning.retrieval.pictures import Pictures
from reid_lightning.retrieval.retrieval import Retrieval


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
        ReIDError: an embedding is not finite.
    """
    if (junk := gallery.pids == -1).any():
        gallery = gallery.take(~junk)
    for pictures in (query, gallery):
        if not pictures.embeddings.isfinite().all():
            raise ReIDError("An embedding is not finite: the network of this checkpoint diverged.")
    if not (retrieval.keeps_embeddings and retrieval.keeps_distances):  # else nothing is copied
        x, y = retrieval.embeddings(query, gallery, unit_norm=distance == "cosine")
        query, gallery = query._replace(embeddings=x), gallery._replace(embeddings=y)
    theirs = (gallery.pids, gallery.camids)
    if retrieval.keeps_distances:
        both = (query.embeddings, gallery.embeddings, query.pids, query.camids)
        return rank_embeddings(*both, *theirs, distance=distance, ap=ap), len(gallery.pids)
    parts, start = [], 0
    for distances in retrieval.distances(query, gallery):
        chunk = slice(start, start + len(distances))
        parts.append(rank_queries(distances, query.pids[chunk], query.camids[chunk], *theirs, ap))
        start = chunk.stop
    return QueryResults(*(torch.cat(part) for part in zip(*parts, strict=True))), len(gallery.pids)


def pictures_of(samples: Sequence[Sample], embeddings: Tensor) -> Pictures:
    """Samples with their embeddings [n, d], on the embeddings' device."""
    return Pictures(embeddings, *(c.to(embeddings.device) for c in columns_of(samples)))


def columns_of(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pids, camids and times (-1: none) of pictures."""
    times = [-1 if s.time is None else s.time for s in samples]
    pids, camids = [s.pid for s in samples], [s.camid for s in samples]
    return torch.tensor(pids), torch.tensor(camids), torch.tensor(times)
