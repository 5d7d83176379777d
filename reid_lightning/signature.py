"""What the signature of a constructor allows: values are checked against it, and told in words."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Len, Lt, MinLen
from pydantic import (
    ConfigDict,
    PydanticSchemaGenerationError,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import Required, Unpack

from reid_lightning.errors import ReIDError

# A limit on integers: beyond it they fit no tensor, and mean nothing.
_LARGEST = 10**9
Count = Annotated[int, Ge(1), Le(_LARGEST)]
Size = Annotated[int, Ge(1), Le(8192)]  # in pixels
Natural = Annotated[int, Ge(0), Le(_LARGEST)]
NonNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]  # a part of a whole
PartialShare = Annotated[float, Ge(0), Lt(1)]
Text = Annotated[str, MinLen(1)]
FilePath = Annotated[str | Path, MinLen(1)]  # of a file or a folder

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    Path: "text",
    NoneType: "null",
}


class Arguments(NamedTuple):
    """What a configuration can give to a function: annotations by name; `open`: any other, too."""

    hints: dict[str, Any]
    open: bool


def arguments_of(function: Callable[..., Any]) -> Arguments:
    """The arguments of a function, or of a class's constructor.

    `**options: Unpack[SomeTypedDict]` stands for the keys of that dictionary. An argument without
    an annotation that can be evaluated is a number, or true or false, if its default is.
    """
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # of some built-in functions
        return Arguments({}, open=True)
    try:
        target = function.__init__ if inspect.isclass(function) else function
        annotations = get_type_hints(target, include_extras=True)
    except (NameError, TypeError):
        annotations = {}
    hints, any_name = dict[str, Any](), False
    for name, parameter in parameters.items():
        hint = annotations.get(name, _kind_of_default(parameter.default))
        if parameter.kind is parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
            for key, part in get_type_hints(get_args(hint)[0], include_extras=True).items():
                hints[key] = get_args(part)[0] if get_origin(part) is Required else part
        elif parameter.kind is parameter.VAR_KEYWORD:
            any_name = True
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            hints[name] = hint
    return Arguments(hints, any_name)


def _kind_of_default(default: object) -> Any:
    if isinstance(default, bool):
        return bool
    return float if isinstance(default, int | float) else Any


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
    try:
        adapter = _adapter(hint)
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError):  # no type that YAML has
        return
    try:
        if _holds_huge_integer(value) and hint is not Any:
            raise ValueError
        adapter.validate_json(json.dumps(value))
    except (ValidationError, TypeError, ValueError):
        raise ReIDError(f"{key}={shown(value)} must be {describe(hint)}.") from None


def describe(hint: Any) -> str:
    """What an annotation allows, as the end of "… must be …"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return " ".join([describe(arguments[0]), *_range(arguments[1:])])
    if origin is Literal:
        return _listed([_plain(choice) for choice in arguments])
    if origin in (Union, UnionType):
        return _listed([describe(kind) for kind in arguments])
    if origin is tuple and Ellipsis not in arguments:
        return f"a list of {len(arguments)}: {', '.join(map(describe, arguments))}"
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        named = get_origin(arguments[0]) is Literal
        keys = f"keys ({describe(arguments[0])})" if named else "keys"
        return f"{keys}, each with {describe(arguments[1])}"
    if inspect.isclass(origin) and issubclass(origin, Iterable):
        kind = next((a for a in arguments if a is not Ellipsis), Any)
        return f"a list, each of it {describe(kind)}"
    return _NAMES.get(hint, "a group with a _target_")


def _holds_huge_integer(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_huge_integer, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=_STRICT)


def shown(value: object) -> str:
    """A value as YAML has it; text that would be read as something else is quoted."""
    if isinstance(value, float):
        return str(value)
    if isinstance(value, str):
        if not value:
            return "''"
        try:
            json.loads(value)
        except ValueError:
            return value
        return repr(value)
    return json.dumps(value, default=str)


def _plain(choice: object) -> str:
    return json.dumps(choice) if choice is None or isinstance(choice, bool) else str(choice)


def _listed(texts: list[str]) -> str:
    *first, last = dict.fromkeys(texts)
    if not first:
        return last
    comma = "," if any(" " in text for text in texts) else ""
    return f"{', '.join(first)}{comma} or {last}"


def _range(limits: Iterable[object]) -> Iterable[str]:
    """What limits say, after a noun: "from 0 to below 1"."""
    least = most = ""
    for limit in limits:
        match limit:
            case Ge(bound):
                least = f"{bound}"
            case Gt(bound):
                least = f"above {bound}"
            case Le(bound) if bound != _LARGEST:
                most = f"{bound}"
            case Lt(bound):
                most = f"below {bound}"
            case Len(fewest, most_of) if fewest == most_of:
                yield f"({fewest} of them)"
            case MinLen(1):
                yield "that is not empty"
    if least and most:
        yield f"from {least} to {most}"
    elif least:
        yield least if "above" in least else f"of {least} or more"
    elif most:
        yield most if "below" in most else f"of {most} or less"
