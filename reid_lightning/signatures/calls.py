"""Calls from Python, checked against the same annotations as a configuration is."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial, wraps
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from reid_lightning.signatures.arguments import arguments_of
from reid_lightning.signatures.values import check_argument

_Checked = TypeVar("_Checked", bound=Callable[..., Any])


def checked(key: str) -> Callable[[_Checked], _Checked]:
    """Have every call of a function, or of a class, checked against its own annotations.

    Args:
        key: where a configuration has the arguments, such as `loss`; else the class's name.

    Returns:
        A decorator. What it decorates raises a `ReIDError` about the first argument that is not as
        its annotation says (`loss.margin=-1 must be …`), before anything else happens.
    """

    def decorate(target: _Checked) -> _Checked:
        if not inspect.isclass(target):
            return _checking(target, key)
        initializer: Any = target.__init__
        setattr(target, "__init__", _checking(initializer, key))  # noqa: B010
        return target

    return decorate


def check_call(
    key: str, function: Callable[..., Any], args: Sequence[Any], arguments: Mapping[str, Any]
) -> None:
    """Raise a `ReIDError` about the first argument that is not as its annotation says.

    NumPy's numbers, tuples and paths pass where numbers, lists and text do. What no YAML can hold
    (a module, a tensor, a function) is left to the function, and so is what is missing.
    """
    _check(key, *_names_and_hints(function), args, arguments)


def _checking(function: _Checked, key: str) -> _Checked:
    known = cache(partial(_names_and_hints, function))  # when called: all names are defined then

    @wraps(function)
    def checking(*args: Any, **arguments: Any) -> Any:
        _check(key, *known(), args, arguments)
        return function(*args, **arguments)

    return checking  # type: ignore[return-value]


def _names_and_hints(function: Callable[..., Any]) -> tuple[list[str], dict[str, Any]]:
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds], arguments_of(function).hints


def _check(
    key: str,
    positional: Sequence[str],
    hints: Mapping[str, Any],
    args: Sequence[Any],
    arguments: Mapping[str, Any],
) -> None:
    for name, value in (*zip(positional, args, strict=False), *arguments.items()):
        if (hint := hints.get(name, Any)) is not Any:
            with suppress(_NotPlainError):
                check_argument(f"{key}.{name}", _plain(value), hint)


class _NotPlainError(Exception):
    """YAML cannot hold it."""


def _plain(value: object) -> object:
    """`value` as YAML has it."""
    match value:
        case None | bool() | str():
            return value
        case np.bool_():
            return bool(value)
        case Integral():
            return int(value)
        case Real():
            return float(value)
        case os.PathLike():
            return _plain(os.fspath(value))
        case Mapping():
            return {_plain(name): _plain(part) for name, part in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [_plain(part) for part in value]
    raise _NotPlainError
