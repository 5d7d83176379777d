"""What a dashboard shows of a test beside its scores."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from PIL import Image

BEST = ("val/mAP", "val/rank1")  # a summary shows these metrics' best epoch


class ScoredFigures(NamedTuple):
    """The figures of a test.

    Args:
        cmc: Rank-1, Rank-2, …; empty if unknown.
        lists: pictures of the `worst` and the `best` ranked lists, each with its query's file name.
    """

    cmc: list[float]
    lists: dict[str, list[tuple[str, Image.Image]]]


def best_scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The best of each of `BEST` in the rows of metrics.csv, those before a resume included."""
    found = {name: [float(row[name]) for row in rows if name in row] for name in BEST}
    return {name: max(scores) for name, scores in found.items() if scores}
