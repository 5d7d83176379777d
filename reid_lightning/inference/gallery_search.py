"""A gallery that one picture after another is searched in, as a page needs it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reid_lightning.data.pictures import Picture, Unreadable, try_decode
from reid_lightning.errors import ReIDError
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.embedding_model import EmbeddingModel
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.inference.result_files import shown_picture
from reid_lightning.inference.search import SearchResult, search_gallery
from reid_lightning.retrieval import Retrieval

_KEPT_THUMBNAILS = 1_000  # some 10 kB each


class Query(NamedTuple):
    """A picture that is searched: its embedding [1, d], and how it is shown."""

    picture: ListedPicture
    embedding: np.ndarray
    shown: dict[str, str | None]


class Filter(NamedTuple):
    """Which pictures of the gallery count.

    Args:
        cameras: they are by one of these; empty: by any.
        first, last: their times, in frames on the camera's clock; None: any.
    """

    cameras: Sequence[str] = ()
    first: float | None = None
    last: float | None = None

    def takes(self, picture: ListedPicture) -> bool:
        """Whether a picture counts; one whose time is not known does not where a time is asked."""
        if self.cameras and picture.camid not in self.cameras:
            return False
        if self.first is None and self.last is None:
            return True
        first = -np.inf if self.first is None else self.first
        last = np.inf if self.last is None else self.last
        return picture.time is not None and first <= picture.time <= last


class GallerySearch:
    """A gallery, its model, and what similarities mean.

    Args:
        model: that embeds pictures.
        gallery: embedded by it.
        calibration: of it; None: not calibrated.
        not_calibrated: why not, or empty.
        k: how many pictures to find.
    """

    def __init__(
        self,
        model: EmbeddingModel,
        gallery: EmbeddingTable,
        calibration: Calibration | None,
        not_calibrated: str,
        k: int,
    ) -> None:
        self.model, self.gallery, self.k = model, gallery, k
        self.calibration, self.not_calibrated = calibration, not_calibrated
        cameras = {p.camid for p in gallery.pictures if p.camid is not None}
        self.cameras = sorted(cameras, key=lambda name: (len(name), name))
        self.times = sorted({p.time for p in gallery.pictures if p.time is not None})
        self.shown = lru_cache(_KEPT_THUMBNAILS)(shown_picture)
        self._rows = {p.picture: row for row, p in enumerate(gallery.pictures)}

    def query_of_file(self, path: Path) -> Query:
        """A picture from outside, which is not needed again.

        Raises:
            ReIDError: it cannot be read.
        """
        picture = ListedPicture(Picture(path))
        decoded = try_decode(picture.picture)
        if isinstance(decoded, Unreadable):
            reason = decoded.reason.replace(str(path), path.name)
            raise ReIDError(f"{path.name} cannot be read as a picture: {reason}.")
        return Query(picture, self.model(decoded).numpy(), shown_picture(picture))

    def query_of_gallery(self, picture: ListedPicture) -> Query:
        """A picture of the gallery."""
        row = self._rows[picture.picture]
        return Query(picture, self.gallery.embeddings[row : row + 1], self.shown(picture))

    def search(self, query: Query, chosen: Filter = Filter()) -> SearchResult:  # noqa: B008
        """The `k` pictures nearest to a query, itself left out, among those that a filter takes."""
        gallery = self._part(chosen)
        if not gallery.pictures:
            return SearchResult(query.picture, [])
        queries = EmbeddingTable(
            [query.picture], [FileVersion(0, 0)], query.embedding, gallery.made_by
        )
        (result,) = search_gallery(queries, gallery, self.k, Retrieval())
        meaning = self.calibration
        threshold = meaning and meaning.absent_threshold(len(gallery.pictures))
        return result._replace(threshold=threshold)

    def _part(self, chosen: Filter) -> EmbeddingTable:
        if chosen == Filter():
            return self.gallery
        pictures, versions, embeddings, made_by = self.gallery
        rows = [row for row, picture in enumerate(pictures) if chosen.takes(picture)]
        return EmbeddingTable(
            [pictures[row] for row in rows],
            [versions[row] for row in rows],
            embeddings[rows],
            made_by,
        )
