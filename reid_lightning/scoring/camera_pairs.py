"""How well each camera's people are found again in the pictures of each other camera."""

from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.metrics.rank_embeddings import RankedChunk
from reid_lightning.metrics.ranking import AveragePrecision, rank_queries
from reid_lightning.retrieval import EmbeddedSet

_MOST_CAMERAS = 64  # more make no matrix that can be read


class CameraPair(NamedTuple):
    """The queries of one camera, ranked among the pictures of another one alone.

    Only the `queries` with a match by the gallery's camera count; `mAP` and `rank1` are their means
    as fractions.
    """

    query_camid: int
    gallery_camid: int
    queries: int
    mAP: float  # noqa: N815 (the field's name, as in metrics.json)
    rank1: float


class CameraPairsSoFar:
    """Ranks the queries among the pictures of each camera, chunk by chunk.

    The protocol is that of the whole ranking: pictures with pid -1 do not count, nor do those with
    the query's own pid and camid, so that no camera has a match within itself.

    Args:
        query, gallery: as they are ranked, after the steps of retrieval.
        ap: `step` or `trapezoid`, see `rank_queries`.
    """

    def __init__(self, query: EmbeddedSet, gallery: EmbeddedSet, ap: AveragePrecision) -> None:
        self.query, self.gallery, self.ap = query, gallery, ap
        camids = sorted(set(gallery.camids.tolist()))
        few = 1 < len(camids) <= _MOST_CAMERAS
        self.columns = {c: (gallery.camids == c).nonzero().flatten() for c in camids if few}
        self._rows: dict[int, list[Tensor]] = {camid: [] for camid in self.columns}

    def add(self, chunk: RankedChunk) -> None:
        """Rank the next chunk."""
        pids, camids = self.query.pids[chunk.queries], self.query.camids[chunk.queries]
        for camid, columns in self.columns.items():
            results = rank_queries(
                chunk.distances[:, columns],
                pids,
                camids,
                self.gallery.pids[columns],
                self.gallery.camids[columns],
                self.ap,
            )
            valid = results.matches > 0
            row = torch.stack([camids.double(), results.ap, (results.first_match == 1).double()])
            self._rows[camid].append(row[:, valid].cpu())

    def joined(self) -> list[CameraPair]:
        """A cell for each pair of cameras that a person was seen by; none of a single camera."""
        cells = []
        for gallery_camid, rows in self._rows.items():
            if not rows:
                continue
            camids, ap, first = torch.cat(rows, dim=1)
            for camid in camids.unique().tolist():
                own = camids == camid
                means = float(ap[own].mean()), float(first[own].mean())
                cells.append(CameraPair(int(camid), gallery_camid, int(own.sum()), *means))
        return sorted(cells)
