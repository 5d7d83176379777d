"""Whether a value is as an annotation says."""

import json
from functools import cache
from typing import Any

from pydantic import (
    ConfigDict,
    PydanticSchemaGenerationError,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import SchemaError

from reid_lightning.errors import ReIDError
from reid_lightning.signatures.words import describe, shown

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
# Protocols, too, and what cannot be a key of a cache.
_NO_TYPES_OF_YAML = (PydanticSchemaGenerationError, PydanticUserError, SchemaError, TypeError)


def check_argument(key: str, value: object, hint: Any) -> None:
    """Raise a `ReIDError` that names the config `key` unless `value` is as `hint` says.

    Numbers are finite, integers fit a tensor, true is no 1, and "off" is not false: what YAML
    reads is what is meant.

    Args:
        key: as a user types it.
        value: plain, as YAML has it.
        hint: an annotation; of classes that YAML cannot write, anything is accepted.
    """
    if _holds_huge_integer(value) and hint is not Any:
        raise ReIDError(f"{key}={shown(value)} is too large a number.")
    try:
        adapter = _adapter(hint)
    except _NO_TYPES_OF_YAML:
        return
    try:
        text = json.dumps(value, ensure_ascii=False)  # names of files need not be UTF-8
        adapter.validate_json(text.encode("utf-8", "replace"))
    except (ValidationError, TypeError, ValueError):
        allowed = describe(hint)
        is_number = isinstance(value, int | float) and allowed.startswith("text")
        quote = f" (quoted, it is text: '{key}=\"{shown(value)}\"')" if is_number else ""
        raise ReIDError(f"{key}={shown(value)} must be {allowed}{quote}.") from None


def _holds_huge_integer(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_huge_integer, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=_STRICT)
