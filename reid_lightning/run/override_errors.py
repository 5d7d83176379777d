"""What is wrong with an override, and what to type instead: Hydra's own advice often misleads."""

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import ConfigCompositionException, HydraException, InstantiationException
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.run.check_config import GIVEN, constructor
from reid_lightning.run.config_files import CONF, NEW_GROUPS, group_files
from reid_lightning.signatures import arguments_of

OWN_CODE = str(Path(__file__).parents[1])
# What a constructor raises about its arguments; anything else is a bug, and needs its traceback.
_ABOUT_ARGUMENTS = (
    ImportError,
    MisconfigurationException,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_OF_ONE_CHOICE = (
    "augmentation",
    "data",
    "logger",
    "loss",
    "model",
    "optimizer",
    "scheduler",
    "trainer",
)
_NO_GROUP = re.compile(r"Could not override '([^']+)'\. No match in the defaults list")
_NO_KEY = re.compile(r"Interpolation key '([^']+)' not found")
_SEVERAL_VALUES = ("Ambiguous value", "Sweep parameters")


def check_overrides(overrides: Sequence[str], own_configs: Path | None) -> None:
    """Raise a `ReIDError` about the first override that cannot be read, or chooses what is not.

    Args:
        overrides: as typed.
        own_configs: the folder of --config-dir.
    """
    parser = OverridesParser.create()
    elsewhere = any(typed.lstrip("+").startswith("hydra.searchpath") for typed in overrides)
    for typed in overrides:
        try:
            parsed = parser.parse_override(typed)
        except HydraException:
            raise ReIDError(_unreadable(typed, parser)) from None
        _check_sweep(typed, parsed)
        group = parsed.key_or_group
        if not group:
            raise ReIDError(f"{typed} names no key: write KEY=VALUE, such as loss.margin=0.3.")
        if group == "version":
            raise ReIDError(f"{typed} cannot be set: a run states the version that made it.")
        known = group_files(group, own_configs)
        is_choice = (known or group in NEW_GROUPS) and not parsed.is_delete()
        if is_choice and not elsewhere and not isinstance(parsed.value(), Glob):
            if group in _OF_ONE_CHOICE and isinstance(parsed.value(), list):
                raise ReIDError(
                    f"{typed} chooses several files, whose keys would be mixed: {group} is one of "
                    f"{', '.join(known)}."
                )
            for choice in _choices(parsed):
                _check_choice(group, choice, known, own_configs)


def composition_message(error: ConfigCompositionException) -> str:
    """What the user can do about an override that does not fit the configuration."""
    cause, text = error.__cause__ or error.__context__, " ".join(str(error).split())
    if absent := _NO_GROUP.match(text):
        return f"{absent[1]} is no group of this command: leave it out."
    if text.startswith(_SEVERAL_VALUES) and (typed := re.search("'(.+?)'", text)):
        return (
            f"{typed[1]} has several values: -m runs one job for each; a list is written in "
            "brackets, [a,b]."
        )
    if not isinstance(cause, OmegaConfBaseException):
        return f"{text.removesuffix('.')}."
    if text.startswith("Could not override") and isinstance(cause.parent_node, DictConfig):
        return _unknown_key(cause.parent_node, str(cause.key))
    return f"{text or 'The configuration cannot be composed'}: {resolution_message(cause)}"


def resolution_message(error: OmegaConfBaseException) -> str:
    """An error of OmegaConf in one sentence, with its key."""
    if isinstance(error, ConfigAttributeError | ConfigKeyError) and error.full_key:
        return f"The configuration lacks {error.full_key}, which cannot be removed."
    text = str(error).partition("\n")[0].removesuffix(".") or type(error).__name__
    if absent := _NO_KEY.match(text):
        of = f", which {error.full_key} refers to" if error.full_key else ""
        return f"The configuration lacks {absent[1]}{of}."
    if isinstance(error, InterpolationToMissingValueError):
        missing = text.rpartition(" ")[2]
        return f"{missing} must be given: {missing}=…"
    return f"{text} (at {error.full_key})." if error.full_key else f"{text}."


def instantiation_message(error: InstantiationException) -> str | None:
    """What a constructor says of its arguments; None of a bug in it."""
    cause = error.__cause__
    plain = cause is None or isinstance(cause, _ABOUT_ARGUMENTS)
    calls = traceback.extract_tb(cause.__traceback__ if cause else None)
    if not plain and any(call.filename.startswith(OWN_CODE) for call in calls):
        return None
    key = str(error).rpartition("full_key: ")[2] if "full_key: " in str(error) else ""
    reason = " ".join((str(cause or error) if plain else repr(cause)).split())
    return f"{key or 'A part of the configuration'} cannot be made: {reason}"


def is_of_own_code(error: BaseException) -> bool:
    """Whether an error was raised in this package's own code, and in none that this called."""
    calls = traceback.extract_tb(error.__traceback__)
    return bool(calls) and calls[-1].filename.startswith(OWN_CODE)


def _unknown_key(parent: DictConfig, key: str) -> str:
    path = str(parent._get_full_key(None))
    full_key = f"{path}.{key}" if path else key
    if key in GIVEN.get(path, ()):
        return f"{full_key} cannot be set: the program itself gives it."
    known = arguments_of(constructor(parent._target_, path)) if "_target_" in parent else None
    if known and (known.open or key in known.hints):
        return (
            f"{full_key} is not in the YAML of {path}, but its constructor takes it: add it with "
            f"a plus sign, +{full_key}=…"
        )
    if path and (CONF / path / f"{key}.yaml").is_file():
        return f"{path} has no {key} as long as {path}=[{key}] does not choose it."
    if not path and (choices := group_files(key, None)):
        return f"None of the group {key} is chosen: {key}={' | '.join(choices)}"
    names = [str(name) for name in parent if not str(name).startswith("_")]
    of = f"{path} has no key {key}" if path else f"There is no key {key}"
    return f"{of}: {unknown_name(key, names, f'{path}.' if path else '')}"


def _unreadable(typed: str, parser: OverridesParser) -> str:
    key, equals, value = typed.partition("=")
    if not equals:
        return f"{typed} is no override: write KEY=VALUE, such as loss.margin=0.3."
    if value.startswith(("[", "{")) and not value.endswith(("]", "}")):
        return (
            f"{typed} is half a list: write lists without spaces, such as retrieval=[flip,rerank]."
        )
    quoted = value.strip("'\"").replace("'", r"\'")
    hint = f"{key}='{quoted}'"
    try:
        parser.parse_override(hint)
    except HydraException:
        return f"{typed} cannot be read as KEY=VALUE."
    return f'{typed} cannot be read: quote its value, and all of it for the shell: "{hint}"'


def _check_sweep(typed: str, parsed: Override) -> None:
    """Look at the values of a sweep: `range(0,1,0)` has none."""
    if parsed.is_discrete_sweep() and not isinstance(parsed.value(), Glob):  # of files
        try:
            first = next(parsed.sweep_string_iterator(), None)
        except (HydraException, ValueError) as error:
            raise ReIDError(f"{typed} has no values: {error}.") from error
        if first is None:
            raise ReIDError(f"{typed} has no values.")


def _choices(parsed: Override) -> list[str | None]:
    """What an override of a group chooses, in all jobs of a sweep."""
    if parsed.is_discrete_sweep():
        texts = map(str, parsed.sweep_string_iterator())
        lists = [re.sub(r"[][\s'\"]", "", text).split(",") for text in texts]
        return [None if choice == "null" else choice for choices in lists for choice in choices]
    value = parsed.value()
    chosen = value if isinstance(value, list) else [value]
    return [None if choice is None else str(choice) for choice in chosen]


def _check_choice(
    group: str, choice: str | None, known: Sequence[str], own_configs: Path | None
) -> None:
    if choice is None:
        instead = f", or choose one of {', '.join(known)}" if known else ""
        raise ReIDError(f"{group}=null chooses nothing: leave it out{instead}.")
    *below, name = choice.removesuffix(".yaml").split("/")
    if choice and name not in group_files("/".join([group, *below]), own_configs):
        hint = "" if own_configs else " (Files of your own are found with --config-dir=FOLDER.)"
        raise ReIDError(
            f"There is no {group}={choice}: {unknown_name(choice, known, f'{group}=')}{hint}"
        )
