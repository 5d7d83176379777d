"""The distances of a few queries from the whole gallery, as they were ranked."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.distances import Distance, ranking_distance, unit_norm
from reid_lightning.retrieval import Pictures, Retrieval
from reid_lightning.scoring.rank_sets import apply_steps

_ROWS = 2**14  # gallery pictures taken at a time
_FEW = 32  # queries whose distances are held at a time


class Row(NamedTuple):
    """A query's distances from the gallery [gallery]: the numbers ranked, and what they stand for.

    Junk that `retrieval` has left out is infinitely far in both.
    """

    ranked: Tensor
    distance: Tensor


def distances_of(
    query: Pictures,
    gallery: Pictures,
    retrieval: Retrieval,
    queries: Sequence[int],
    *,
    distance: Distance,
) -> Iterator[Row]:
    """The distances of a few queries, as they were ranked.

    Where embeddings are ranked by their own distances, these are 1 - cosine or |x - y|.

    Args:
        query, gallery, retrieval, distance: as `rank_sets` took them.
        queries: places among the queries; one may be named more than once.
    """
    kept = None
    if not (retrieval.uses_raw_embeddings and retrieval.uses_raw_distances):
        kept = gallery.pids != -1
        left = gallery if kept.all() else gallery.take(kept)
        query, gallery = apply_steps(query, left, retrieval, distance)
    if retrieval.uses_raw_distances:
        asked = torch.tensor(queries, dtype=torch.long, device=gallery.pids.device)
        found: Iterable[Row] = _own_rows(query, gallery, asked, distance)
    else:
        found = _joint_rows(retrieval.distances(query, gallery), queries)
    for row in found:
        yield row if kept is None else Row(*(_widened(part, kept) for part in row))


def _own_rows(
    query: Pictures, gallery: Pictures, asked: Tensor, distance: Distance
) -> Iterator[Row]:
    """The embeddings' distances, for a few queries and a part of the gallery at a time."""
    norm: Callable[[Tensor], Tensor] = unit_norm if distance == "cosine" else lambda x: x
    for few in torch.split(asked, _FEW):
        x = norm(query.embeddings[few])
        parts = [
            ranking_distance(x, norm(part), distance)
            for part in torch.split(gallery.embeddings, _ROWS)
        ]
        rows = torch.cat(parts, dim=1)
        if distance == "cosine":
            itself = 1 + rows
        else:
            itself = (rows + x.square().sum(1, keepdim=True)).clamp(min=0).sqrt()
        yield from map(Row, rows, itself)


def _joint_rows(chunks: Iterable[Tensor], queries: Sequence[int]) -> Iterator[Row]:
    """The rows at `queries` of what comes in chunks."""
    asked, start = set(queries), 0
    rows: dict[int, Tensor] = {}
    for chunk in chunks:
        inside = [place for place in asked if start <= place < start + len(chunk)]
        rows |= {place: chunk[place - start].clone() for place in inside}  # a view keeps all of it
        start += len(chunk)
    return (Row(rows[place], rows[place]) for place in queries)


def _widened(row: Tensor, kept: Tensor) -> Tensor:
    whole = torch.full((len(kept),), torch.inf, dtype=row.dtype, device=row.device)
    whole[kept] = row
    return whole
