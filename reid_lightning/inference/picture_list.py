"""The pictures that a path stands for: of one file, of a folder, or of a table that lists them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reid_lightning.data.picture_files import SUFFIXES, scan_pictures
from reid_lightning.data.pictures import Picture
from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.readers.table_cells import box_of, is_empty, time_of
from reid_lightning.data.readers.table_rows import TABLES, Row, read_rows
from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file

_PID, _CAMID = ("pid", "label", "identity"), ("camid", "sequence")


class ListedPicture(NamedTuple):
    """A picture and, where they are known, who is on it, by which camera, and when.

    `pid` and `camid` are as the file's name or the table has them; `time` is in frames on the
    camera's clock.
    """

    picture: Picture
    pid: str | None = None
    camid: str | None = None
    time: int | None = None


def list_pictures_of(source: Path) -> list[ListedPicture]:
    """The pictures of a file, of a folder with all folders in it, or of a table.

    In a folder whose pictures all have names in Market-1501's form (`0002_c1s1_000451_03.jpg`),
    the names say pid and camid. A table (.csv, .tsv, .parquet) has a column `path`, from the
    table's folder on, and, if any, `pid`, `camid`, `time` and a box, as of `data=table`.

    Raises:
        ReIDError: there is none, or a table cannot be read.
    """
    if source.suffix.lower() in TABLES:
        pictures = _of_table(source)
    elif source.is_dir():
        pictures = _of_folder(source)
    elif reason := not_a_file(source):
        raise ReIDError(f"{source} is no picture, folder of pictures or table: {reason}.")
    else:
        pictures = [ListedPicture(Picture(_absolute(source)))]
    if not pictures:
        raise ReIDError(
            f"{source} holds no picture (in a folder: {', '.join(SUFFIXES)}, by the suffix)."
        )
    return pictures


def list_all(sources: str | Path | Sequence[str | Path]) -> list[ListedPicture]:
    """The pictures of one source, or of several in order, see `list_pictures_of`."""
    several = [sources] if isinstance(sources, str | Path) else sources
    return [p for source in several for p in list_pictures_of(Path(source).expanduser())]


def _of_folder(folder: Path) -> list[ListedPicture]:
    paths = []
    for inner, folders, _ in os.walk(folder, followlinks=True, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += scan_pictures(Path(inner)).paths
    try:
        samples = [parse_name(path) for path in paths]
    except ReIDError:  # other names
        return [ListedPicture(Picture(_absolute(path))) for path in paths]
    return [
        ListedPicture(Picture(_absolute(s.path)), s.path.name.partition("_")[0], s.taken_by)
        for s in samples
    ]


def _refuse(error: OSError) -> None:
    raise ReIDError(f"The folder {error.filename} cannot be read: {error.strerror}.") from error


def _of_table(table: Path) -> list[ListedPicture]:
    columns, rows = read_rows(table, without=("embedding",))
    if "path" not in columns:
        raise ReIDError(f"{table} has no column path: it has {', '.join(columns) or 'none'}.")
    return [
        ListedPicture(
            Picture(_absolute(table.parent / _path(row)), box_of(row)),
            _first_filled(row, _PID),
            _first_filled(row, _CAMID),
            time_of(row),
        )
        for row in rows
    ]


def _path(row: Row) -> str:
    if is_empty(path := row.cells["path"]):
        raise ReIDError(f"{row.where}: path is empty.")
    return path


def _first_filled(row: Row, columns: Sequence[str]) -> str | None:
    cells = (row.cells.get(column, "") for column in columns)
    return next((cell for cell in cells if not is_empty(cell)), None)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 -- links stay, `..` goes
