"""Pictures searched in a gallery of embedded pictures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_lightning.inference.calibration import AbsentThreshold
from reid_lightning.inference.embedding_table import EmbeddingTable
from reid_lightning.inference.nearest import Nearest, nearest
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.retrieval import EmbeddedSet, Retrieval


class Found(NamedTuple):
    """A gallery picture that was found.

    Args:
        picture: with what is known of it.
        similarity: the cosine of its embedding and the query's.
    """

    picture: ListedPicture
    similarity: float


class SearchResult(NamedTuple):
    """A query, and the gallery pictures nearest to it, nearest first.

    Below `threshold`, nothing says that the person is in the gallery; None: it is not known.
    """

    query: ListedPicture
    found: list[Found]
    threshold: AbsentThreshold | None = None


def search_gallery(
    queries: EmbeddingTable, gallery: EmbeddingTable, k: int, retrieval: Retrieval
) -> list[SearchResult]:
    """The `k` gallery pictures nearest to each query, itself left out.

    Args:
        queries, gallery: embedded by the same model.
        k: fewer, if the gallery has fewer.
        retrieval: steps that need no pids, camids and times.

    Raises:
        ReIDError: a step gave a number that is not finite.
    """
    # Itself is among the nearest: as many more are looked for as there are of it.
    own = own_rows(queries.pictures, gallery.pictures)
    wanted = k + max(map(len, own), default=0)
    x = torch.from_numpy(queries.embeddings.astype(np.float32, copy=False))
    y = torch.from_numpy(gallery.embeddings)
    if retrieval.uses_raw_embeddings and retrieval.uses_raw_distances:
        found = nearest(x, y, wanted)
    else:
        found = _by_steps(x, y.float(), wanted, retrieval)
    return results(queries.pictures, gallery.pictures, found, own, k)


def own_rows(queries: Sequence[ListedPicture], gallery: Sequence[ListedPicture]) -> list[set[int]]:
    """For each query the indices in the gallery of the same file (and box)."""
    rows: dict[object, set[int]] = {q.picture: set() for q in queries}
    for index, listed in enumerate(gallery):
        if listed.picture in rows:
            rows[listed.picture].add(index)
    return [rows[q.picture] for q in queries]


def results(
    queries: Sequence[ListedPicture],
    gallery: Sequence[ListedPicture],
    found: Nearest,
    own: Sequence[set[int]],
    k: int,
) -> list[SearchResult]:
    """The results of each query, without its own rows, `k` of them at most."""
    rows = zip(queries, found.indices.tolist(), found.similarities.tolist(), own, strict=True)
    return [
        SearchResult(
            query,
            [
                Found(gallery[index], similarity)
                for index, similarity in zip(indices, similarities, strict=True)
                if index not in left_out and index >= 0  # faiss has -1 where it found no more
            ][:k],
        )
        for query, indices, similarities, left_out in rows
    ]


def _by_steps(x: Tensor, y: Tensor, k: int, retrieval: Retrieval) -> Nearest:
    """Ranked by the distances that the steps give; the similarities are of the embeddings."""
    query, gallery = _unlabelled(x), _unlabelled(y)
    new_x, new_y = retrieval.embeddings(query, gallery, normalize=True)
    if retrieval.uses_raw_distances:
        indices = nearest(new_x, new_y, k).indices
    else:
        query, gallery = query._replace(embeddings=new_x), gallery._replace(embeddings=new_y)
        count = min(k, len(y))
        ranked = [
            d.sort(dim=1, stable=True).indices[:, :count]
            for d in retrieval.distances(query, gallery)
        ]
        indices = torch.cat(ranked)
    similarities = [(y[row].double() * x[n].double()).sum(1) for n, row in enumerate(indices)]
    return Nearest(indices, torch.stack(similarities))


def _unlabelled(embeddings: Tensor) -> EmbeddedSet:
    unknown = torch.full((len(embeddings),), -1)
    return EmbeddedSet(embeddings, unknown, unknown, unknown)
