"""Which part of a configuration an error comes from, where that part is no code of ours."""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from hydra._internal.utils import _locate
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from reid_lightning.errors import ReIDError
from reid_lightning.run.override_errors import OWN_CODE
from reid_lightning.run.user_errors import clear_message, type_and_text

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_WORKERS = re.compile(r'File "(.+)", line (\d+), in ')  # in the text of a DataLoader's error


class _Call(NamedTuple):
    """A call that an error has ended: the file and line it was in, and the object it was of."""

    file: str
    line: int
    of: object = None


def parts_named_in_errors(work: Callable[..., Result]) -> Callable[..., Result]:
    """Have errors name the part of a configuration that raised them: its key and its class.

    A class of another package, or of the user's, need not fit this one, or one another; an error
    that our own code raises stays as it is.

    Args:
        work: its first argument is the composed configuration.
    """

    @wraps(work)
    def with_names(config: DictConfig, *arguments: Any) -> Result:
        try:
            return work(config, *arguments)
        except Exception as error:
            clear = clear_message(error) and not isinstance(error, MisconfigurationException)
            message = None if clear else _message(error, config)
            if message is None:
                raise
            log.debug("What follows is reported as: %s", message, exc_info=error)
            raise ReIDError(message) from error

    return with_names


def _message(error: Exception, config: DictConfig) -> str | None:
    parts = dict(_parts(OmegaConf.to_container(config), ""))
    for call in reversed(_calls(error)):
        if call.file.startswith(OWN_CODE):
            return None
        if keys := _of_object(call.of, parts) or _in_file(call.file, parts):
            target = parts[keys[0]]
            return (
                f"{' or '.join(keys)} ({target.__module__}.{target.__qualname__}) fails: "
                f"{_reason(error)} ({call.file}, line {call.line}; hydra.verbose=true logs the "
                "traceback)."
            )
    return None


def _reason(error: Exception) -> str:
    """The error in one line; a DataLoader's ends with the one that a worker process has met."""
    lines = str(error).strip().splitlines()
    in_worker = any(_WORKERS.search(line) for line in lines)
    return (lines[-1] if in_worker else type_and_text(error)).removesuffix(".")


def _calls(error: Exception) -> list[_Call]:
    """The calls that an error has ended, the outermost first."""
    calls = [
        _Call(frame.f_code.co_filename, line, frame.f_locals.get("self"))
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return calls + [_Call(file, int(line)) for file, line in _WORKERS.findall(str(error))]


def _parts(value: object, key: str) -> Iterator[tuple[str, Any]]:
    """The constructors that a configuration names, by their keys."""
    if isinstance(value, dict | list):
        for name, element in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(element, f"{key}.{name}" if key else str(name))
    if isinstance(value, dict) and "_target_" in value:
        yield key, _locate(value["_target_"])


def _of_object(made: object, parts: Mapping[str, Any]) -> list[str]:
    return [key for key, part in parts.items() if isinstance(part, type) and type(made) is part]


def _in_file(file: str, parts: Mapping[str, Any]) -> list[str]:
    """The parts whose module is a file."""
    modules = {key: sys.modules.get(part.__module__) for key, part in parts.items()}
    return [key for key, module in modules.items() if getattr(module, "__file__", "") == file]
