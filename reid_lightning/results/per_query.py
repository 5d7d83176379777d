"""per_query.csv: how each query scored, to find out which are hard."""

import csv
import os
from pathlib import Path

import torch
from torch import Tensor

from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_csv, replaced_atomically
from reid_lightning.metrics.ranking import QueryResults

COLUMNS = ("query", "pid", "camid", "matches", "first_match", "AP", "INP")
_MOST_DIGITS = 15  # of a rank


def write_per_query(path: Path, scored: Splits, results: QueryResults) -> None:
    """Write a row per query: its file, number of matches, rank of the nearest one, AP and INP.

    Where queries are crops, a last column has the box of each.

    Files are named from the folder that holds all queries. Ranks count from 1. A query without a
    match from another camera has 0 matches, and no rank, AP or INP. Without cameras, there is no
    camid.
    """
    queries = scored.query
    folder = os.path.commonpath([query.path.parent for query in queries]) if queries else ""
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
            camid = query.camid if scored.has_cameras else ""
            row = [query.path.relative_to(folder), query.person, camid, *values]
            writer.writerow([*row, " ".join(map(str, query.box or ()))] if cropped else row)


def read_first_matches(path: Path) -> Tensor:
    """The rank of each query's nearest match [queries], int64, from 1; 0 for a query without.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    ranks = [row.get("first_match", "?") or "0" for row in read_csv(path)]
    if not ranks or not all(rank.isdecimal() and len(rank) <= _MOST_DIGITS for rank in ranks):
        raise ReIDError(f"{path} does not say at which rank each query's first match is.")
    return torch.tensor([int(rank) for rank in ranks])
