"""A Parquet file of embeddings while it grows: a stop loses the last part alone."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reid_lightning.data.pictures import Picture
from reid_lightning.errors import ReIDError
from reid_lightning.inference.embedding_parquet import read_table, write_table
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.picture_list import ListedPicture


class PictureKey(NamedTuple):
    """What a picture's embedding is found again by."""

    picture: Picture
    version: FileVersion


class EmbeddingFile:
    """The embeddings that `out` and its parts hold, by picture.

    Args:
        out: the file, which may be missing.
        made_by: as its embeddings are to be made.

    Raises:
        ReIDError: `out` or a part of it cannot be read, or was made otherwise.
    """

    def __init__(self, out: Path, made_by: MadeBy) -> None:
        self.out, self.made_by = out, made_by
        self.parts = parts_folder(out)
        self.known: dict[PictureKey, np.ndarray] = {}
        found = sorted(self.parts.glob("*.parquet"))
        self._next_part = len(found)
        for file in [out, *found] if out.exists() else found:
            table = read_table(file)
            table.made_by.check(file, made_by)
            keys = map(PictureKey, (p.picture for p in table.pictures), table.versions)
            self.known.update(zip(keys, table.embeddings, strict=True))

    def check_keeps_all(self, pictures: Collection[Picture]) -> None:
        """Raise a `ReIDError` if a picture that `out` holds would leave it, though it is there."""
        gone = {key.picture for key in self.known} - {*pictures}
        if others := sorted(p.path for p in gone if p.path.exists()):
            raise ReIDError(
                f"{self.out} holds {len(others):,} pictures that are not among those named, such "
                f"as {others[0]}: name another file, or all of the pictures (pictures=[A,B])."
            )

    def add(self, embeddings: Mapping[PictureKey, np.ndarray]) -> None:
        """Keep new embeddings, on the disk too."""
        if embeddings:
            pictures = [ListedPicture(key.picture) for key in embeddings]
            part = self._table(pictures, list(embeddings), [*embeddings.values()])
            write_table(part, self.parts / f"{self._next_part:06d}.parquet")
            self.known.update(embeddings)
            self._next_part += 1

    def finish(
        self, pictures: Sequence[ListedPicture], keys: Sequence[PictureKey]
    ) -> EmbeddingTable:
        """Write the embeddings of these pictures, all known by their keys, to `out`."""
        table = self._table(pictures, keys, [self.known[key] for key in keys])
        write_table(table, self.out)
        for part in self.parts.glob("*.parquet"):
            part.unlink()
        return table

    def _table(
        self,
        pictures: Sequence[ListedPicture],
        keys: Sequence[PictureKey],
        embeddings: Sequence[np.ndarray],
    ) -> EmbeddingTable:
        rows = np.stack(embeddings).astype(self.made_by.dtype, copy=False)
        return EmbeddingTable(pictures, [key.version for key in keys], rows, self.made_by)


def remove_empty_parts(out: Path) -> None:
    """Remove the folder of a file's parts if there is none to go on with."""
    if not any(parts_folder(out).glob("*.parquet")):
        shutil.rmtree(parts_folder(out))


def parts_folder(out: Path) -> Path:
    """Where the parts of a file are, until it is whole."""
    return out.with_name(f"{out.name}.parts")
