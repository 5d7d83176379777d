"""Numbers for the names of people and cameras."""

from collections.abc import Iterable

MOST = 10**15  # of int64's 9 · 10¹⁸, for sums


def numbered(names: Iterable[str]) -> dict[str, int]:
    """A number from 0 for every name, alike wherever the set is read.

    Whole numbers stand for themselves; other names are numbered in sorted order. Where two names
    are one number (`7` and `007`), or one is no number, all are names.
    """
    known = sorted(set(names))
    if all(name.isascii() and name.isdecimal() for name in known):
        numbers = {name: int(name) for name in known if len(name) <= 4000}
        if len(set(numbers.values())) == len(known) and max(numbers.values(), default=0) <= MOST:
            return numbers
    return {name: number for number, name in enumerate(known)}
