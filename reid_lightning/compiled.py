"""Compiled functions, kept on disk where a disk takes them: compiling takes seconds."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled by numba for its arguments' types, without Python's lock.

    numba's own `cache=True` is an error where neither the code's folder nor the home can be
    written, and on a full disk.
    """
    dispatcher: Any = njit(nogil=True)(function)
    with suppress(RuntimeError):  # there is no folder for it: it is compiled in every process
        dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call]
    return dispatcher


class _Cache(FunctionCache):
    def load_overload(self, *args: Any) -> Any:
        with suppress(OSError):
            return super().load_overload(*args)  # type: ignore[no-untyped-call]

    def save_overload(self, *args: Any) -> None:
        with suppress(OSError):
            super().save_overload(*args)  # type: ignore[no-untyped-call]
