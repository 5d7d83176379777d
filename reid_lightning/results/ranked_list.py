"""A ranked list: a query, and the gallery pictures nearest to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

Verdict = Literal["hit", "miss", "junk"]


class Shown(NamedTuple):
    """A gallery picture of the list: its file, how it counts, and what is written below it."""

    path: Path
    verdict: Verdict
    label: str


class RankedList(NamedTuple):
    """A query's picture file, what was retrieved, nearest first, and what is written beside it."""

    query: Path
    gallery: Sequence[Shown]
    title: str = ""  # above the list
    label: str = "query"  # below the query
