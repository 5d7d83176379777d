"""What the signature of a constructor allows, and whether a value is of it."""

import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple, Optional, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import (
    ConfigDict,
    PydanticSchemaGenerationError,
    PydanticUserError,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import Required, Unpack

from reid_lightning.annotation_words import LARGEST_COUNT, LARGEST_NUMBER, describe, shown
from reid_lightning.errors import ReIDError

Count = Annotated[int, Ge(1), Le(LARGEST_COUNT)]
Size = Annotated[int, Ge(1), Le(8192)]  # in pixels
Natural = Annotated[int, Ge(0), Le(LARGEST_COUNT)]
NonNegative = Annotated[float, Ge(0), Le(LARGEST_NUMBER)]
Positive = Annotated[float, Gt(0), Le(LARGEST_NUMBER)]
Share = Annotated[float, Ge(0), Le(1)]  # a part of a whole
PartialShare = Annotated[float, Ge(0), Lt(1)]
Text = Annotated[str, MinLen(1)]
Name = Annotated[str, StringConstraints(pattern=r"^[^/]+$")]  # of a part of a path
FilePath = Annotated[str | Path, MinLen(1)]  # of a file or a folder

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


class Arguments(NamedTuple):
    """What a configuration can give to a function: annotations by name; `open`: any other, too."""

    hints: dict[str, Any]
    open: bool


def arguments_of(function: Callable[..., Any]) -> Arguments:
    """The arguments of a function, or of a class's constructor.

    `**options: Unpack[SomeTypedDict]` stands for the keys of that dictionary. An argument whose
    annotation is missing, or cannot be evaluated, may be anything; None where it is the default.
    """
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # of some built-in functions
        return Arguments({}, open=True)
    annotations = _annotations(function.__init__ if inspect.isclass(function) else function)
    hints, any_name = dict[str, Any](), False
    for name, parameter in parameters.items():
        hint = annotations.get(name, Any)
        if parameter.kind is parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
            for key, part in get_type_hints(get_args(hint)[0], include_extras=True).items():
                hints[key] = get_args(part)[0] if get_origin(part) is Required else part
        elif parameter.kind is parameter.VAR_KEYWORD:
            any_name = True
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            hints[name] = hint if parameter.default is not None else Optional[hint]  # noqa: UP045
    return Arguments(hints, any_name)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Those that can be evaluated: a name may be imported for type checkers alone."""
    try:
        return get_type_hints(function, include_extras=True)
    except (AttributeError, NameError, TypeError):
        found: dict[str, Any] = {}
        names = getattr(function, "__globals__", {})
        for name, annotation in getattr(function, "__annotations__", {}).items():
            alone: Any = SimpleNamespace(__annotations__={name: annotation})
            with suppress(AttributeError, NameError, TypeError):
                found |= get_type_hints(alone, globalns=names, include_extras=True)
        return found


def required_names(function: Callable[..., Any]) -> list[str]:
    """The arguments that must be given by name."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of some built-in functions
        return []
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def check_argument(key: str, value: object, hint: Any) -> None:
    """Raise a `ReIDError` that names the config `key` unless `value` is as `hint` says.

    Numbers are finite, integers fit a tensor, true is no 1, and "off" is not false: what YAML
    reads is what is meant.

    Args:
        key: as a user types it.
        value: plain, as YAML has it.
        hint: an annotation; of classes that YAML cannot write, anything is accepted.
    """
    if _holds_huge_integer(value) and hint is not Any:
        raise ReIDError(f"{key}={shown(value)} is too large a number.")
    try:
        adapter = _adapter(hint)
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError):  # no type that YAML has
        return
    try:
        adapter.validate_json(json.dumps(value))
    except (ValidationError, TypeError, ValueError):
        allowed = describe(hint)
        is_number = isinstance(value, int | float) and allowed.startswith("text")
        quote = f" (quoted, it is text: '{key}=\"{shown(value)}\"')" if is_number else ""
        raise ReIDError(f"{key}={shown(value)} must be {allowed}{quote}.") from None


def _holds_huge_integer(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_huge_integer, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=_STRICT)
