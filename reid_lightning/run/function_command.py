"""A command that is a keyword-only function: `key=value` is read as its signature says."""

import inspect
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.run.command_line import run_command
from reid_lightning.run.help import asks_for_help
from reid_lightning.run.paths import expand_home
from reid_lightning.signatures import arguments_of, check_argument, required_names

T = TypeVar("T")


def run_function(
    name: str,
    function: Callable[..., T],
    typed: Sequence[str],
    show: Callable[[T], object] = lambda result: None,
    *,
    bare: Sequence[str] = (),
) -> None:
    """Run a function as a command, or print its documentation if it is asked for.

    Args:
        name: of the command.
        function: with arguments by keyword.
        typed: after the command's name.
        show: prints what the function returns.
        bare: the arguments that values without a key are, in order.
    """
    if asks_for_help(typed):
        print(_help(function))
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    def command() -> None:
        show(function(**read_arguments(name, function, typed, bare)))

    run_command(command, resumable=False)


def read_arguments(
    name: str, function: Callable[..., Any], typed: Sequence[str], bare: Sequence[str] = ()
) -> dict[str, Any]:
    """The arguments that were typed, by name; values as YAML has them, or text as it is.

    Raises:
        ReIDError: one is unknown, given twice or missing, or its value is not as annotated.
    """
    hints, values, positions = arguments_of(function).hints, dict[str, Any](), iter(bare)
    for argument in typed:
        key, sign, text = argument.partition("=")
        if "." in key and key not in hints and "options" in hints and sign:
            values.setdefault("options", []).append(argument)
            continue
        if not sign or (key not in hints and bare and Path(argument).exists()):
            if (position := next(positions, None)) is None:
                raise ReIDError(f"reid {name} takes KEY=VALUE, and {argument} has no key.")
            key, text = position, argument
        if key not in hints:
            raise ReIDError(f"reid {name} has no key {key}: {unknown_name(key, hints)}")
        if key in values:
            raise ReIDError(f"{key} is given twice.")
        values[key] = _value(key, text, hints[key])
    if missing := [key for key in required_names(function) if key not in values]:
        raise ReIDError(f"reid {name} needs {', '.join(f'{key}=…' for key in missing)}.")
    return values


def _value(key: str, text: str, hint: Any) -> Any:
    """Text where text is allowed, such as paths; else what YAML reads, as in Hydra's lists."""
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        read = text
    for value in [read, text] if isinstance(read, list | None) else [text, read]:
        try:
            check_argument(key, value, hint)
        except ReIDError:
            continue
        return _at_home(value)
    check_argument(key, read, hint)  # says what is allowed
    return read


def _at_home(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_at_home, value))
    return expand_home(value) if isinstance(value, str) and value.startswith("~") else value


def _help(function: Callable[..., Any]) -> str:
    """The docstring, and those of the dictionaries of arguments that it takes."""
    hints: list[Any] = [*inspect.get_annotations(inspect.unwrap(function)).values()]
    shared = [get_args(hint)[0] for hint in hints if get_origin(hint) is Unpack]
    documents = [inspect.getdoc(part) or "" for part in (function, *shared)]
    return "\n\n".join(text.partition("\n\nReturns:")[0] for text in documents)
