"""Annotations, and values of a configuration, in words."""

import inspect
import json
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt, MinLen, MultipleOf
from pydantic import StringConstraints

LARGEST_COUNT = 10**9  # beyond it, integers fit no tensor, and mean nothing
LARGEST_NUMBER = 10**6  # beside one above it, float32 loses most of a 1
_LONGEST = 200  # of a value in a message

_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    Path: "text",
    NoneType: "null",
}


def describe(hint: Any) -> str:
    """What an annotation allows, as the end of "… must be …"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return " ".join([describe(arguments[0]), *_range(arguments[1:])])
    if origin is Literal:
        return _listed([_plain(choice) for choice in arguments])
    if origin in (Union, UnionType):
        lists_last = sorted(map(describe, arguments), key=lambda text: "list" in text)
        return _listed(lists_last)
    if origin is tuple and arguments and Ellipsis not in arguments:
        return f"a list of {len(arguments)}: {', '.join(map(describe, arguments))}"
    kind = origin or hint
    if not inspect.isclass(kind) or kind in _NAMES:
        return _NAMES.get(hint, "a group with a _target_")
    if issubclass(kind, Enum):
        return _listed([_plain(choice.value) for choice in kind])
    if issubclass(kind, Mapping):
        return _described_mapping(arguments)
    if issubclass(kind, Iterable):
        element = next((a for a in arguments if a is not Ellipsis), None)
        return "a list" if element is None else f"a list, each of it {describe(element)}"
    return "a group with a _target_"


def _described_mapping(arguments: tuple[Any, ...]) -> str:
    if not arguments:
        return "keys"
    names, values = arguments
    keys = f"keys ({describe(names)})" if get_origin(names) is Literal else "keys"
    return f"{keys}, each with {describe(values)}"


def shown(value: object) -> str:
    """A value as YAML has it, or its beginning; text that would be read as another is quoted."""
    text = _whole(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _whole(value: object) -> str:
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
    least = most = steps = ""
    for limit in limits:
        match limit:
            case Ge(bound):
                least = f"{bound}"
            case Gt(bound):
                least = f"above {bound}"
            case Le(bound) if bound != LARGEST_COUNT:
                most = f"{bound}"
            case Lt(bound):
                most = f"below {bound}"
            case MultipleOf(step):
                steps = f" in steps of {step}"
            case Len(fewest, most_of) if fewest == most_of:
                yield f"({fewest} of them)"
            case StringConstraints(pattern=pattern) if pattern:
                yield "that is not empty and has no slash"
            case MinLen(1):
                yield "that is not empty"
    if least and most:
        yield f"from {least} to {most}{steps}"
    elif least:
        yield least if "above" in least else f"of {least} or more"
    elif most:
        yield most if "below" in most else f"of {most} or less"
