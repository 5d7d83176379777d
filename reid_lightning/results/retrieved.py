"""retrieved.parquet: the first results of every query, to look at them and to compare runs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pyarrow
from pyarrow import parquet

from reid_lightning.data.sample import Role, Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file, replaced_atomically
from reid_lightning.results.per_query import box_text, common_folder, file_name
from reid_lightning.scoring.first_results import FIRST, FirstResults

RETRIEVED_FILE = "retrieved.parquet"
_FOLDERS = ("query_folder", "gallery_folder")
_MOST_BYTES, _MOST_ROWS = 2**28, 10**7
_COLUMNS = pyarrow.schema(
    [
        ("row", pyarrow.int32()),
        ("rank", pyarrow.int32()),
        *((name, pyarrow.string()) for name in ("query", "gallery", "person", "camera", "role")),
        ("hit", pyarrow.bool_()),
        ("distance", pyarrow.float32()),
        ("box", pyarrow.string()),
    ]
)


class Result(NamedTuple):
    """A gallery picture that was retrieved, by what its set's own files call person and camera.

    `camera` is empty in a set without cameras, `box` unless the picture is a crop; `distance` is as
    `FirstResults` has it.
    """

    gallery: str  # the file, from the gallery's folder
    person: str
    camera: str
    role: Role
    hit: bool
    distance: float
    box: str


class Retrieved(NamedTuple):
    """The folders that files are named from, and the results of each row of per_query.csv."""

    query_folder: Path
    gallery_folder: Path
    results: dict[int, list[Result]]


def write_retrieved(path: Path, first: FirstResults, scored: Splits) -> None:
    """Write a row per query and result, nearest first; junk, which does not count, is left out.

    Columns: `row` of per_query.csv from 0, `rank` from 1, `query` and `gallery` (files), `person`,
    `camera` and `role` of the gallery picture, `hit`, `distance`, and `box` of a crop. Files are
    named from the folders in the table's metadata, `query_folder` and `gallery_folder`.
    """
    folders = [common_folder(samples) for samples in (scored.query, scored.gallery)]
    rows: list[dict[str, Any]] = []
    for number, columns in enumerate(zip(*(c.tolist() for c in first), strict=True)):
        query = file_name(scored.query[number], folders[0])
        for rank, (index, hit, distance) in enumerate(zip(*columns, strict=True), start=1):
            if index >= 0:
                about = _about(scored.gallery[index], folders[1], scored.has_cameras)
                of_query = {"row": number, "rank": rank, "query": _utf8(query)}
                rows.append({**of_query, **about, "hit": hit, "distance": distance})
    names = dict(zip(_FOLDERS, map(os.fsencode, folders), strict=True))
    table = pyarrow.Table.from_pylist(rows, _COLUMNS.with_metadata(names))
    # Opened here: pyarrow takes no path whose bytes are no text.
    with replaced_atomically(path) as partial, partial.open("wb") as file:
        parquet.write_table(table, file, compression="zstd", write_page_checksum=True)


def read_retrieved(path: Path) -> Retrieved:
    """Read what `write_retrieved` wrote.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    if reason := not_a_file(path):
        raise ReIDError(f"{path} is damaged, or no table of results: {reason}.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is larger than any that a run leaves")
        with path.open("rb") as opened:
            file = parquet.ParquetFile(opened, page_checksum_verification=True)
            if not file.schema_arrow.equals(_COLUMNS) or file.metadata.num_rows > _MOST_ROWS:
                raise ValueError("it has other columns than a run leaves")
            names = file.schema_arrow.metadata
            query_folder, gallery_folder = (Path(os.fsdecode(names[f.encode()])) for f in _FOLDERS)
            return Retrieved(query_folder, gallery_folder, _results(file.read().to_pylist()))
    except Exception as error:  # pyarrow raises almost anything on a wrong file
        text = " ".join(str(error).split())[:200]
        raise ReIDError(f"{path} is damaged, or no table of results: {text}.") from error


def _about(sample: Sample, folder: Path, has_cameras: bool) -> dict[str, str]:
    """Who and what is on a gallery picture."""
    about = {
        "gallery": file_name(sample, folder),
        "person": sample.person if sample.role == "person" else "",
        "camera": sample.taken_by if has_cameras else "",
        "role": sample.role,
        "box": box_text(sample),
    }
    return {name: _utf8(text) for name, text in about.items()}


def _results(rows: Sequence[dict[str, Any]]) -> dict[int, list[Result]]:
    results: dict[int, list[Result]] = {}
    for row in rows:
        if None in row.values() or row["role"] not in get_args(Role):
            raise ValueError("a row is not as a run writes it")
        of_query = results.setdefault(row["row"], [])
        if row["rank"] != len(of_query) + 1 or row["rank"] > FIRST:
            raise ValueError("the rows are not in the order of the ranks")
        of_query.append(Result(*(row[name] for name in Result._fields)))
    return results


def _utf8(text: object) -> str:
    return str(text).encode("utf-8", "backslashreplace").decode()
