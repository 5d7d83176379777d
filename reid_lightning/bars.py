"""Progress bars on a terminal; where there is none, nothing is written."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

BAR_FORMAT = "{desc} |{bar}| {n_fmt}/{total_fmt}{postfix}"


def with_bar(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a bar as wide as the terminal, which is removed at the end.

    Args:
        items: what takes its time to make or to use.
        total: how many there are.
        what: is done, such as `decoding pictures`.
    """
    yield from tqdm(
        items,
        desc=what,
        total=total,
        disable=not sys.stdout.isatty(),
        file=sys.stdout,
        leave=False,
        dynamic_ncols=True,
        bar_format=f"{BAR_FORMAT}, {{remaining}} left",
    )
