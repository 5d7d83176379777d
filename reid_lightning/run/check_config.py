"""Every value of a composed configuration, checked against the constructor that will get it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.signature import check_argument, check_name, hints_of

_HYDRAS = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


def check_config(config: DictConfig, keys: Mapping[str, Any]) -> None:
    """Raise a `ReIDError` about the first value that is not as its constructor's annotation says.

    Args:
        config: whose nodes with a `_target_` are checked against the signature of that.
        keys: the annotations of its own keys.
    """
    values = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    assert isinstance(values, dict)
    for name, value in values.items():
        if name in keys:
            check_argument(str(name), value, keys[str(name)])
        elif isinstance(value, dict):
            _check_node(str(name), value)


def _check_node(key: str, node: Mapping[Any, Any]) -> None:
    hints = hints_of(_target(key, str(node["_target_"]))) if "_target_" in node else {}
    for name, value in node.items():
        here = f"{key}.{name}"
        if name in _HYDRAS:
            continue
        if hints is not None and "_target_" in node:
            check_name(str(name), key, hints)
        if isinstance(value, dict):
            _check_node(here, value)
        elif hints and name in hints:
            check_argument(here, value, hints[str(name)])


def _target(key: str, address: str) -> Callable[..., Any]:
    try:
        target: Callable[..., Any] = get_object(address)
    except (ImportError, ValueError) as error:
        raise ReIDError(f"{key}._target_={address} cannot be found: {error}.") from error
    if not callable(target):
        raise ReIDError(f"{key}._target_={address} cannot be called.")
    inspect.signature(target)
    return target
