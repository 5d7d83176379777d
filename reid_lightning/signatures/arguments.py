"""The arguments of a function or a constructor, as its signature has them."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, NamedTuple, Optional, get_args, get_origin, get_type_hints

from typing_extensions import NotRequired, Required, Unpack


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
    initializer = function.__init__ if inspect.isclass(function) else function
    annotations = _annotations(inspect.unwrap(initializer))
    hints, any_name = dict[str, Any](), False
    for name, parameter in parameters.items():
        hint = annotations.get(name, Any)
        if parameter.kind is parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
            for key, part in get_type_hints(get_args(hint)[0], include_extras=True).items():
                marked = get_origin(part) in (Required, NotRequired)
                hints[key] = get_args(part)[0] if marked else part
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
    """The arguments that must be given by name, those of an unpacked dictionary among them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of some built-in functions
        return []
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    annotations = _annotations(inspect.unwrap(function))
    for parameter in parameters:
        hint = annotations.get(parameter.name)
        if parameter.kind is parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
            names += sorted(get_args(hint)[0].__required_keys__)
    return names
