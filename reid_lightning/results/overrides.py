"""The overrides that a job was started with, and what several jobs differ in."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_yaml


def read_overrides(job: Path) -> dict[str, str]:
    """A job's overrides, key to value, as they were typed; `resume` is left out.

    Args:
        job: the job's folder.

    Raises:
        ReIDError: the file cannot be read, or is no list of overrides.
    """
    path = job / ".hydra" / "overrides.yaml"
    lines = (read_yaml(path) if os.path.lexists(path) else None) or []
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ReIDError(f"{path} is damaged: it is no list of overrides.")
    pairs = [line.partition("=") for line in lines]
    return {key: value for key, sign, value in pairs if sign and key != "resume"}


def differing_keys(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys whose values are not the same in all of `settings`."""
    keys = dict.fromkeys(key for mapping in settings for key in mapping)
    return [key for key in keys if len({mapping.get(key) for mapping in settings}) > 1]


def short_value(value: str) -> str:
    """An override's value without quotes; of an absolute path, the last part alone."""
    return last_part(value.strip("'\""))


def last_part(value: str) -> str:
    """The last part of a path that starts at the root or the home; any other text unchanged."""
    return Path(value).name if value.startswith(("/", "~")) else value


def is_number(text: str) -> bool:
    """Whether an override's value is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
