"""Paths in arguments and configurations: `~`, and characters that mean something to Hydra."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import OmegaConfBaseException

from reid_lightning.errors import ReIDError

# At the beginning of a value, or of a list's element, where Hydra's grammar knows no ~.
_TYPED_HOME = re.compile(r"(?<=[=,\['\"])~(?=[/,\]'\"]|$)")


def quoted(path: str | Path) -> str:
    """A path as Hydra's grammar reads it back, whatever characters it has."""
    # Before a quote, and at the end, backslashes count.
    text = re.sub(r"(\\*)'", r"\1\1\\'", str(path))
    return "'" + re.sub(r"(\\+)$", r"\1\1", text) + "'"


def with_typed_home(arguments: Sequence[str]) -> list[str]:
    """The arguments with the user's home in place of `~`: a shell does it for some of them."""
    return [_TYPED_HOME.sub(lambda _: expand_home("~"), argument) for argument in arguments]


def expand_paths(config: DictConfig | ListConfig) -> None:
    """Put the user's home in place of `~` in every value of a composed configuration."""
    keys: Iterable[Any] = config if isinstance(config, DictConfig) else range(len(config))
    for key in list(keys):
        try:
            value = config[key]
        except OmegaConfBaseException:  # reported with all other values, of one job alone
            continue
        if isinstance(value, DictConfig | ListConfig):
            expand_paths(value)
        elif isinstance(value, str) and value.startswith("~"):
            config[key] = expand_home(value)


def expand_home(path: str) -> str:
    """A path with the user's home in place of `~`.

    Raises:
        ReIDError: there is no home.
    """
    expanded = os.path.expanduser(path)  # noqa: PTH111
    if expanded == "~" or expanded.startswith("~/"):
        raise ReIDError(f"{path} is in your home folder, which is unknown: set HOME.")
    return expanded
