"""What the signature of a constructor allows: values are checked against it, and told in words."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError
from typing_extensions import Required, Unpack

from reid_lightning.errors import ReIDError

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
NonNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    NoneType: "null",
}


def hints_of(function: Callable[..., Any]) -> dict[str, Any] | None:
    """The annotation of every argument that a configuration can give, by name.

    `**options: Unpack[SomeTypedDict]` stands for the keys of that dictionary.

    Returns:
        None if any name may be given.
    """
    target = function.__init__ if inspect.isclass(function) else function
    annotations = get_type_hints(target, include_extras=True)
    hints: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = annotations.get(name, Any)
        if parameter.kind is parameter.VAR_KEYWORD:
            if get_origin(hint) is not Unpack:
                return None
            named = get_type_hints(get_args(hint)[0], include_extras=True)
            hints |= {n: get_args(h)[0] if get_origin(h) is Required else h for n, h in named.items()}
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            hints[name] = hint
    return hints


def check_argument(key: str, value: object, hint: Any) -> None:
    """Raise a `ReIDError` that names the config `key` unless `value` is as `hint` says.

    Numbers are finite, true is no 1, and "off" is not false: what YAML reads is what is meant.

    Args:
        key: as a user types it.
        value: plain, as YAML has it.
        hint: an annotation; classes that YAML cannot write are taken as they are.
    """
    try:
        adapter = TypeAdapter(hint, config=_STRICT)
        adapter.validate_json(json.dumps(value))
    except PydanticSchemaGenerationError:
        return
    except ValidationError:
        shown = "null" if value is None else value
        raise ReIDError(f"{key}={shown} must be {describe(hint)}.") from None


def check_name(key: str, group: str, names: Iterable[str]) -> None:
    """Raise a `ReIDError` that names the nearest of `names` unless `key` is one of them."""
    known = sorted(names)
    if key not in known:
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {group}.{near[0]}?" if near else f"it has {', '.join(known)}."
        raise ReIDError(f"{group} has no key {key}: {hint}")


def describe(hint: Any) -> str:
    """What an annotation allows, as the end of "… must be …"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return describe(arguments[0]) + _range(arguments[1:])
    if origin is Literal:
        return _listed([_plain(choice) for choice in arguments])
    if origin in (Union, UnionType):
        return _listed([describe(kind) for kind in arguments])
    if inspect.isclass(origin) and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
        kind = next((a for a in arguments if a is not Ellipsis), Any)
        return f"a list, each of it {describe(kind)}"
    if hint in _NAMES:
        return _NAMES[hint]
    return getattr(hint, "__name__", str(hint))


def _plain(choice: object) -> str:
    return json.dumps(choice) if choice is None or isinstance(choice, bool) else str(choice)


def _listed(texts: list[str]) -> str:
    *first, last = dict.fromkeys(texts)
    return f"{', '.join(first)} or {last}" if first else last


def _range(limits: Iterable[object]) -> str:
    parts = []
    for limit in limits:
        match limit:
            case Ge(least):
                parts.append(f"{least} or more")
            case Gt(least):
                parts.append(f"above {least}")
            case Le(most):
                parts.append(f"{most} or less")
            case Lt(most):
                parts.append(f"below {most}")
            case Len(least, most) if least == most:
                parts.append(f"exactly {least} of them")
    return "".join(f", {part}" for part in parts)
