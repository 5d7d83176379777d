"""per_query.csv: how each query scored, to find out which are hard."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
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


class Query(NamedTuple):
    """A query as `per_query.csv` names it: file, person, camera, and box if it is a crop."""

    picture: str
    pid: str
    camid: str
    box: str


class QueryScores(NamedTuple):
    """The rows of `per_query.csv`; arrays are [queries].

    `first_match` is the rank of the nearest match, from 1, and `ap` a fraction, both float64: NaN
    of a query whose `matches` are 0.
    """

    queries: list[Query]
    matches: NDArray[np.int64]
    first_match: NDArray[np.float64]
    ap: NDArray[np.float64]

    def take(self, indices: NDArray[np.int64]) -> "QueryScores":
        """The rows at `indices`, in their order."""
        queries = [self.queries[index] for index in indices]
        columns = self.matches[indices], self.first_match[indices], self.ap[indices]
        return QueryScores(queries, *columns)


def read_per_query(path: Path) -> QueryScores:
    """Read what `write_per_query` wrote.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    rows = read_csv(path)
    try:
        queries = [Query(r["query"], r["pid"], r["camid"], r.get("box", "")) for r in rows]
        numbers = [_numbers(row) for row in rows]
        matches, first_match, ap = zip(*numbers, strict=True)
    except (KeyError, ValueError) as error:
        raise ReIDError(
            f"{path} does not say how each query scored: it was changed, or is another's."
        ) from error
    return QueryScores(queries, np.array(matches), np.array(first_match), np.array(ap))


def _numbers(row: Mapping[str, str]) -> tuple[int, float, float]:
    """A row's matches, first match and AP; raises KeyError or ValueError if it has none."""
    matches, first, ap = row["matches"], row["first_match"], row["AP"]
    if not (matches.isdecimal() and len(matches) <= _MOST_DIGITS):
        raise ValueError("a number of matches")
    if int(matches) == 0:
        if first or ap:
            raise ValueError("scores of a query without a match")
        return 0, np.nan, np.nan
    if not (first.isdecimal() and len(first) <= _MOST_DIGITS and int(first) > 0):
        raise ValueError("a rank")
    if not 0 <= float(ap) <= 1:
        raise ValueError("an average precision")
    return int(matches), float(first), float(ap)


def read_first_matches(path: Path) -> Tensor:
    """The rank of each query's nearest match [queries], int64, from 1; 0 for a query without.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    ranks = [row.get("first_match", "?") or "0" for row in read_csv(path)]
    if not ranks or not all(rank.isdecimal() and len(rank) <= _MOST_DIGITS for rank in ranks):
        raise ReIDError(f"{path} does not say at which rank each query's first match is.")
    return torch.tensor([int(rank) for rank in ranks])
