"""Every value of a composed configuration, checked against the constructor that will get it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from hydra._internal.utils import _locate
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError, error_message, unknown_name
from reid_lightning.run.config_schema import Node, Nodes, Schema
from reid_lightning.signatures import arguments_of, check_argument, required_names, shown

# The packages whose constructors take more than can be meant here.
_RESTRICTED = ("torch.", "pytorch_lightning.", "pytorch_metric_learning.", "reid_lightning.")
_HYDRAS = {
    "_target_": str,
    "_partial_": bool,
    "_recursive_": bool,
    "_convert_": Literal["none", "partial", "object", "all"],
    "_args_": list[Any],
}

# What the program itself gives to the constructors of a group, in place of any configured value.
GIVEN = {
    "model": ("num_classes",),
    "loss": ("num_classes", "embedding_size"),
    "optimizer": ("params",),
    "scheduler": ("epoch", "max_epochs"),
    "trainer": ("logger", "callbacks", "default_root_dir"),
    "logger": ("resume_step",),
}


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
        target: Callable[..., Any] = _locate(str(address))
    except (ImportError, ValueError) as error:
        reason = error_message(error)  # of a package that is not installed
        raise ReIDError(
            reason or f"{key}._target_={address} cannot be imported: {error.__cause__ or error}."
        ) from error
    if not callable(target):
        raise ReIDError(f"{key}._target_={address} is a value, which cannot be called.")
    return target


def _check(key: str, value: Any, kind: Any) -> None:
    if isinstance(kind, Node):
        if value is None and kind.optional:
            return
        if not isinstance(value, dict) or "_target_" not in value:
            raise ReIDError(f"{key}={shown(value)} names no constructor: choose one of its files.")
        _check_node(key, value, kind.annotations, kind.within, value.get(kind.beside))
        _check_partial(key, value, kind.partial)
        for name in required_names(constructor(value["_target_"], key)):
            if name not in value and name not in GIVEN.get(key, ()):
                raise ReIDError(f"The configuration lacks {key}.{name}: it cannot be removed.")
    elif isinstance(kind, Nodes | Mapping) and not isinstance(value, dict):
        raise ReIDError(
            f"{key}={shown(value)} is a group, and no value: set its keys, {key}.KEY=VALUE."
        )
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


def keys_beside(node: Any) -> list[str]:
    """The keys of a node of a configuration that may stand beside it."""
    return [name for name in node or () if name not in _HYDRAS] if isinstance(node, Mapping) else []


def _check_node(
    key: str,
    node: Mapping[Any, Any],
    annotations: Mapping[str, Any],
    within: Mapping[str, Any],
    beside: Any = None,
) -> None:
    known, given = arguments_of(constructor(node["_target_"], key)), GIVEN.get(key, ())
    for name in given:
        if name in node:
            raise ReIDError(f"{key}.{name} cannot be set: the program itself gives it.")
    if not known.open:
        names = {name: hint for name, hint in known.hints.items() if name not in given}
        names |= dict.fromkeys(keys_beside(beside))
        _check_names(key, [name for name in node if name not in _HYDRAS], names, removable=True)
    of_a_package = constructor(node["_target_"], key).__module__.startswith(_RESTRICTED)
    hints = {**known.hints, **(annotations if of_a_package else {}), **_HYDRAS}
    narrower: Mapping[str, Any] = {}  # such as a root that cannot be null
    if beside and "_target_" in beside:
        narrower = arguments_of(constructor(beside["_target_"], key)).hints
    for name, value in node.items():
        if value == "???":
            raise ReIDError(f"{key}.{name} must be given: {key}.{name}=…")
        here, nested = f"{key}.{name}", dict(_nested(value, f"{key}.{name}"))
        for path, part in nested.items():
            _check_node(path, part, within, within)
        if not nested:
            check_argument(here, value, narrower.get(name, Any))
            check_argument(here, value, hints.get(name, Any))


def _check_partial(key: str, node: Mapping[Any, Any], expected: bool | None) -> None:
    partial = node.get("_partial_", False)
    if expected is None and inspect.isclass(constructor(node["_target_"], key)):
        expected = False
    if expected is not None and partial is not expected:
        when = "later, with more arguments" if expected else "at once"
        raise ReIDError(
            f"{key}._partial_={shown(partial)} must be {shown(expected)}: {node['_target_']} is "
            f"called {when}."
        )


def _check_names(
    key: str, typed: Any, names: Mapping[str, Any], *, removable: bool = False
) -> None:
    """With `removable`, say how: a YAML's keys stay where another `_target_` is chosen."""
    for name in typed:
        if name not in names:
            of = f"{key} has no key {name}" if key else f"There is no key {name}"
            message = f"{of}: {unknown_name(str(name), names, f'{key}.' if key else '')}"
            if removable and not message.endswith("?"):
                message += f" (~{key}.{name} removes it.)"
            raise ReIDError(message)


def _nested(value: object, key: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """The nodes that an argument is, or holds, with their keys."""
    if isinstance(value, dict) and "_target_" in value:
        yield key, value
    elif isinstance(value, dict | list):
        for name, element in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _nested(element, f"{key}.{name}")
