"""per_query.csv: how each query fared, to find out which are hard."""

import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from reid_lightning.data.sample import Sample
from reid_lightning.metrics.ranking import QueryResults

COLUMNS = ("query", "pid", "camid", "matches", "first_match", "AP", "INP")


def write_per_query(path: Path, queries: Sequence[Sample], results: QueryResults) -> None:
    """A row a query: its file, how many matches it has, the nearest one's rank (from 1), AP, INP.

    A query without a match from another camera has 0 matches, and no rank, AP or INP.
    """
    columns = (results.matches, results.first_match, results.ap, results.inp)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for query, *told in zip(queries, *(c.tolist() for c in columns), strict=True):
            told = told if told[0] else [0, "", "", ""]
            writer.writerow([query.path.name, query.pid, query.camid, *told])


def read_first_matches(path: Path) -> Tensor:
    """Of every query in such a file the rank of its nearest match; 0 where it has none."""
    with path.open(newline="") as file:
        return torch.tensor([int(row["first_match"] or 0) for row in csv.DictReader(file)])
