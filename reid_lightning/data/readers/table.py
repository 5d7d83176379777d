"""A table of pictures (CSV or Parquet), also with the columns of OML and of WildlifeDatasets."""

import logging
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, get_args

from reid_lightning.data.pictures import Picture
from reid_lightning.data.readers.numbered import numbered
from reid_lightning.data.readers.table_cells import box_of, flag, is_empty, time_of
from reid_lightning.data.readers.table_rows import Row, read_rows
from reid_lightning.data.sample import JUNK_PID, Role, Sample, Splits
from reid_lightning.data.splits import split_by_identity
from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.signatures import FilePath, PartialShare, checked

log = logging.getLogger(__name__)

# Columns that say the same: ours, then OML's or WildlifeDatasets'.
_PID, _CAMERA = ("pid", "label", "identity"), ("camid", "sequence")
_OTHERS = (
    *("path", "split", "role", "time", "is_query", "is_gallery"),
    *("x_1", "y_1", "x_2", "y_2", "bbox"),
)
_KNOWN = (*_PID, *_CAMERA, *_OTHERS)
_SPLITS = ("train", "query", "gallery")
_VALIDATION = ("validation", "val", "test")  # OML's, where is_query and is_gallery say which
_UNKNOWN = "unknown"  # WildlifeDatasets' identity of whom nobody knows


@checked("data")
def read_table(root: FilePath | None, *, table: FilePath, test_share: PartialShare = 0.3) -> Splits:
    """Read the pictures that a table lists.

    Columns: `path`, `pid` (or `label`, `identity`), and, if any, `camid` (or `sequence`), `split`
    (train, query, gallery; or validation with `is_query` and `is_gallery`), `role` (person,
    distractor, junk), `time` in frames, and a box to cut out: `x_1, y_1, x_2, y_2`, or `bbox` as
    [x, y, width, height]. People and cameras are numbers or names; pid -1, and the identity
    `unknown`, are junk.

    Args:
        root: the folder that paths start from; None: the table's own.
        table: the file, .csv, .tsv or .parquet.
        test_share: without a column `split`, the share of the people to test on, see
            `split_by_identity`.

    Raises:
        ReIDError: the table cannot be read, a column is missing, or a cell makes no sense.
    """
    table = Path(table)
    columns, rows = read_rows(table)
    names = _Columns.of(table, columns)
    folder = table.parent if root is None else Path(root)
    pictures = [Picture(folder / _filled(row, "path"), box_of(row)) for row in rows]
    camera = names.camera
    if camera is not None and all(is_empty(row.cells[camera]) for row in rows):
        camera = None
    has_cameras = camera is not None
    # Without cameras, every picture is of one of its own.
    taken_by = [
        str(picture) if camera is None else _filled(row, camera)
        for picture, row in zip(pictures, rows, strict=True)
    ]
    camids = numbered(taken_by)
    roles = [_role(row, names) for row in rows]
    who = [
        row.cells[names.pid] if role == "person" else ""
        for row, role in zip(rows, roles, strict=True)
    ]
    pids = numbered(filter(None, who)) | {"": JUNK_PID}
    samples = [
        Sample(
            picture.path,
            pids[person],
            camids[camera_name],
            time=time_of(row),
            role=role,
            box=picture.box,
            identity=person,
            camera=camera_name if has_cameras else "",
        )
        for row, picture, camera_name, role, person in zip(
            rows, pictures, taken_by, roles, who, strict=True
        )
    ]
    if not names.split:
        return split_by_identity(samples, test_share, has_cameras=has_cameras)
    splits: dict[str, list[Sample]] = {name: [] for name in _SPLITS}
    for row, sample in zip(rows, samples, strict=True):
        for split in _splits(row, columns):
            splits[split].append(sample)
    train, query, gallery = map(tuple, splits.values())
    return Splits(train, query, gallery, has_cameras=has_cameras)


class _Columns(NamedTuple):
    """The names of the columns for people and cameras, and whether there is one for splits."""

    pid: str
    camera: str | None
    split: bool

    @classmethod
    def of(cls, table: Path, columns: Sequence[str]) -> "_Columns":
        """Find them, and log which columns are not used."""
        pid, camera = _first(columns, _PID), _first(columns, _CAMERA)
        for found, wanted in (("path" in columns, "path"), (pid, "pid (or label, or identity)")):
            if not found:
                raise ReIDError(
                    f"{table} has no column {wanted}: it has {', '.join(columns) or 'none'}."
                )
        assert pid is not None
        used = {pid, camera, *_OTHERS}
        if unused := [name for name in columns if name not in used]:
            log.info("%s: the columns %s are not used.", table, ", ".join(unused))
        for name in unused:
            if name not in _KNOWN and (near := get_close_matches(name, _KNOWN, n=1, cutoff=0.7)):
                log.warning("%s: should the column %s be %s?", table, name, near[0])
        return cls(pid, camera, "split" in columns)


def _first(columns: Sequence[str], names: Iterable[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _role(row: Row, names: _Columns) -> Role:
    role, pid = row.cells.get("role", ""), row.cells[names.pid]
    if not is_empty(role):
        if role not in get_args(Role):
            raise ReIDError(
                f"{row.where}: role={role} must be one of: {', '.join(get_args(Role))}."
            )
        known: Role = role  # type: ignore[assignment]
        if known != "person":
            return known
    if is_empty(pid):
        raise ReIDError(f"{row.where}: {names.pid} is empty: who is on the picture?")
    unknown = names.pid == "identity" and pid == _UNKNOWN
    return "junk" if unknown or pid == str(JUNK_PID) else "person"


def _filled(row: Row, column: str) -> str:
    if is_empty(cell := row.cells[column]):
        raise ReIDError(f"{row.where}: {column} is empty, and filled in other rows.")
    return cell


def _splits(row: Row, columns: Sequence[str]) -> list[str]:
    split = row.cells["split"]
    if split in _SPLITS:
        return [split]
    if split in _VALIDATION and {"is_query", "is_gallery"} <= {*columns}:
        if found := [name for name in ("query", "gallery") if flag(row, f"is_{name}")]:
            return found
        raise ReIDError(f"{row.where}: neither is_query nor is_gallery is True.")
    raise ReIDError(
        f"{row.where}: the split {split!r} is unknown: {unknown_name(split, _SPLITS)} (Or "
        "validation, with the columns is_query and is_gallery.)"
    )
