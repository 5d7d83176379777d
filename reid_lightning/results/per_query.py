"""per_query.csv: how each query scored, to find out which are hard."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_csv, replaced_atomically
from reid_lightning.metrics.ranking import QueryResults

COLUMNS = ("query", "pid", "camera", "matches", "first_match", "AP", "INP")
_MOST_DIGITS = 15  # of a rank


class QueryRow(NamedTuple):
    """A query: its file, person and camera as the set's files call them, and how it scored.

    Without a match from another camera, `matches`, `first_match`, `ap` and `inp` are 0. `camera` is
    empty in a set without cameras, `box` unless the query is a crop.
    """

    query: str
    person: str
    camera: str
    matches: int
    first_match: int  # a rank, from 1
    ap: float
    inp: float
    box: str


def write_per_query(path: Path, scored: Splits, results: QueryResults) -> None:
    """Write a row per query: its file, number of matches, rank of the nearest one, AP and INP.

    Where queries are crops, a last column has the box of each.

    Files are named from the folder that holds all queries; people and cameras are called as the
    set's own files do (Market-1501's cameras count from 1). Ranks count from 1. A query without a
    match from another camera has 0 matches, and no rank, AP or INP. Without cameras, there is no
    camera.
    """
    queries = scored.query
    folder = common_folder(queries)
    columns = (results.matches, results.first_match, results.ap, results.inp)
    with (
        replaced_atomically(path) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        cropped = any(query.box for query in queries)
        writer.writerow([*COLUMNS, "box"] if cropped else COLUMNS)
        for query, *values in zip(queries, *(c.tolist() for c in columns), strict=True):
            values = values if values[0] else [0, "", "", ""]
            camera = query.taken_by if scored.has_cameras else ""
            row = [file_name(query, folder), query.person, camera, *values]
            writer.writerow([*row, box_text(query)] if cropped else row)


def read_per_query(path: Path) -> list[QueryRow]:
    """A row per query, at least one; also of version 0.1, whose column `camid` counts from 0.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    rows = read_csv(path)
    try:
        queries = [_query_row(row) for row in rows]
    except (KeyError, ValueError) as error:
        raise ReIDError(f"{path} does not say how each query scored.") from error
    if not queries:
        raise ReIDError(f"{path} does not say how each query scored: it has no rows.")
    return queries


def read_first_matches(path: Path) -> Tensor:
    """The rank of each query's nearest match [queries], int64, from 1; 0 for a query without.

    Raises:
        ReIDError: as `read_per_query`.
    """
    return torch.tensor([query.first_match for query in read_per_query(path)])


def common_folder(samples: Sequence[Sample]) -> Path:
    """The folder that holds all of the samples' files."""
    return Path(os.path.commonpath([s.path.absolute().parent for s in samples]) if samples else "")


def file_name(sample: Sample, folder: Path) -> str:
    """A sample's file, from `common_folder`."""
    return str(sample.path.absolute().relative_to(folder))


def box_text(sample: Sample) -> str:
    """A crop's left, top, right and bottom; empty of a whole picture."""
    return " ".join(map(str, sample.box or ()))


def _query_row(row: dict[str, str]) -> QueryRow:
    camera = row["camera"] if "camera" in row else _from_1(row.get("camid", ""))
    ranks = [row["matches"], row["first_match"] or "0"]
    ap, inp = (float(row[name] or 0) for name in ("AP", "INP"))
    if not all(rank.isdecimal() and len(rank) <= _MOST_DIGITS for rank in ranks):
        raise ValueError("a rank is no number")
    if not (0 <= ap <= 1 and 0 <= inp <= 1):
        raise ValueError("a score is no fraction")
    matches, first = map(int, ranks)
    return QueryRow(row["query"], row["pid"], camera, matches, first, ap, inp, row.get("box", ""))


def _from_1(camid: str) -> str:
    return str(int(camid) + 1) if camid else ""
