"""What a key of a configuration may be: a constructor, constructors of any names, or a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """A group that names a constructor, whose annotations its keys are checked against.

    Args:
        annotations: in place of the constructor's own, where another package's is too wide.
        within: the same, of the nodes that its arguments are.
        beside: an argument whose own keys may stand in the group, to be typed shorter.
        optional: it may be absent.
        partial: whether it is called later, with more arguments; None: functions may be.
    """

    annotations: Mapping[str, Any] = field(default_factory=dict)
    within: Mapping[str, Any] = field(default_factory=dict)
    beside: str = ""
    optional: bool = False
    partial: bool | None = None


@dataclass(frozen=True)
class Nodes:
    """A group whose keys, of any name, are constructors or null; `known` ones are as it says."""

    known: Mapping[str, Any] = field(default_factory=dict)


# What a key holds: a group of keys, a group with a constructor, or a value of an annotation (`Any`:
# or nothing).
Schema = Mapping[str, Any]
