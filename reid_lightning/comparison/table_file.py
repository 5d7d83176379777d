"""comparison.csv: a row per query, as it scored on both sides of a comparison."""

import csv
from collections.abc import Sequence
from pathlib import Path

from reid_lightning.comparison.moved import MovedQuery
from reid_lightning.files import replaced_atomically

COLUMNS = ("query", "pid", "camid", "box", "AP_a", "AP_b", "first_match_a", "first_match_b")


def write_moved_queries(path: Path, moved: Sequence[MovedQuery]) -> None:
    """Write a row per query, in the given order.

    AP is the mean over the seeds of a side, and the rank of the first match their median.
    """
    with (
        replaced_atomically(path) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*query.query, *query[1:]] for query in moved)
