"""What a group of the configuration makes, if the program can use it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from hydra.utils import instantiate
from omegaconf import DictConfig

from reid_lightning.errors import ReIDError

Kind = TypeVar("Kind")


def made(key: str, config: Mapping[str, Any] | DictConfig, kind: type[Kind], **more: Any) -> Kind:
    """What a group makes, with more arguments.

    Raises:
        ReIDError: it is no `kind`; the message names `key`.
    """
    thing = instantiate(config, **more)
    if not isinstance(thing, kind):
        of = "Lightning " if kind.__module__.startswith("pytorch_lightning") else ""
        raise ReIDError(f"{key}._target_={config['_target_']} makes no {of}{kind.__name__}.")
    return thing
