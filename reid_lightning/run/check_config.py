"""Every value of a composed configuration, checked against the constructor that will get it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.signature import arguments_of, check_argument

_HYDRAS = {
    "_target_": str,
    "_partial_": bool,
    "_recursive_": bool,
    "_convert_": Literal["none", "partial", "object", "all"],
    "_args_": list[Any],
}


@dataclass(frozen=True)
class Node:
    """A group that names a constructor, whose annotations its keys are checked against.

    Args:
        annotations: in place of the constructor's own, where another package's is too wide.
        optional: it may be absent.
    """

    annotations: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Nodes:
    """A group whose keys, of any name, are constructors or null; `known` ones are as it says."""

    known: Mapping[str, Any] = field(default_factory=dict)


# What a key holds: a group of keys, a group with a constructor, or a value of an annotation (`Any`:
# or nothing).
Schema = Mapping[str, Any]


def check_config(config: DictConfig, schema: Schema) -> None:
    """Raise a `ReIDError` about the first value that is not as its annotation says."""
    values = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    _check("", values, schema)


def constructor(address: object, key: str) -> Callable[..., Any]:
    """What a `_target_` names.

    Raises:
        ReIDError: nothing, or what cannot be called; the message names `key`.
    """
    try:
        target: Callable[..., Any] = resolve_name(str(address))
    except (AttributeError, ImportError, ValueError) as error:
        raise ReIDError(f"{key}._target_={address} cannot be imported: {error}.") from error
    if not callable(target):
        raise ReIDError(f"{key}._target_={address} is a value, which cannot be called.")
    return target


def _check(key: str, value: Any, kind: Any) -> None:
    if isinstance(kind, Node):
        if value is None and kind.optional:
            return
        if not isinstance(value, dict) or "_target_" not in value:
            raise ReIDError(f"{key}={value} names no constructor: choose one of its files.")
        _check_node(key, value, kind.annotations)
    elif isinstance(kind, Nodes | Mapping) and not isinstance(value, dict):
        raise ReIDError(f"{key}={value} is a group, and no value: set its keys, {key}.KEY=VALUE.")
    elif isinstance(kind, Nodes):
        for name, member in value.items():
            if member is None and isinstance(kind.known.get(name), Mapping):
                continue
            _check(f"{key}.{name}", member, kind.known.get(name, Node(optional=True)))
    elif isinstance(kind, Mapping):
        within = f"{key}." if key else ""
        _check_names(key, value, kind)
        for name, part in kind.items():
            optional = part is Any or (isinstance(part, Node) and part.optional)
            if name not in value and not optional:
                raise ReIDError(f"The configuration lacks {within}{name}: it cannot be removed.")
            _check(f"{within}{name}", value.get(name), part)
    else:
        check_argument(key, value, kind)


def _check_node(key: str, node: Mapping[Any, Any], annotations: Mapping[str, Any]) -> None:
    known = arguments_of(constructor(node["_target_"], key))
    if not known.open:
        _check_names(key, [name for name in node if name not in _HYDRAS], known.hints)
    hints = {**known.hints, **annotations, **_HYDRAS}
    for name, value in node.items():
        here, nested = f"{key}.{name}", list(_nested(value))
        for part in nested:
            _check_node(here, part, {})
        if not nested:
            check_argument(here, value, hints.get(name, Any))


def _check_names(key: str, typed: Any, names: Mapping[str, Any]) -> None:
    for name in typed:
        if name not in names:
            of = f"{key} has no key {name}" if key else f"There is no key {name}"
            raise ReIDError(f"{of}: {unknown_name(str(name), names, f'{key}.' if key else '')}")


def _nested(value: object) -> Iterator[Mapping[Any, Any]]:
    """The nodes that an argument is, or holds."""
    if isinstance(value, dict) and "_target_" in value:
        yield value
    elif isinstance(value, dict | list):
        for element in value.values() if isinstance(value, dict) else value:
            yield from _nested(element)
