"""calibration.json: what similarities of one network mean, as a file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_json, replaced_atomically
from reid_lightning.inference.calibration import Calibration, MatchThreshold
from reid_lightning.signatures import check_argument

CALIBRATION_FILE = "calibration.json"


def calibration_content(calibration: Calibration) -> dict[str, Any]:
    """A calibration as JSON has it."""
    return {
        name: value._asdict() if isinstance(value, MatchThreshold) else value
        for name, value in calibration._asdict().items()
    }


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON.

    Raises:
        OSError: it cannot be written.
    """
    content = calibration_content(calibration)
    with replaced_atomically(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_calibration(path: Path) -> Calibration:
    """Read what `write_calibration` wrote, which may come from a stranger.

    Raises:
        ReIDError: it cannot be read, or is no calibration.
    """
    return parse_calibration(read_json(path), path)


def parse_calibration(content: Any, path: Path) -> Calibration:
    """The calibration that `calibration_content` gave.

    Args:
        content: which may come from a stranger.
        path: of the file that it was in.

    Raises:
        ReIDError: it is no calibration.
    """
    try:
        values = _values(content, Calibration)
        for name in ("false_match_1_percent", "false_match_0_1_percent"):
            if values[name] is not None:
                values[name] = MatchThreshold(**_values(values[name], MatchThreshold))
        calibration = Calibration(**values)
        sizes, similarities = calibration.absent_sizes, calibration.absent_similarities
        if len(sizes) != len(similarities) or sizes != sorted({*sizes}):
            raise ReIDError("absent_sizes and absent_similarities do not belong together.")
    except ReIDError as error:
        raise ReIDError(
            f"{path} holds no calibration that reid-lightning wrote: {error} Train the model with "
            "data.val_identities=100 to get one."
        ) from error
    return calibration


def _values(content: Any, kind: type[Calibration] | type[MatchThreshold]) -> dict[str, Any]:
    """The fields of a tuple, of the types that it says."""
    if not isinstance(content, Mapping):
        raise ReIDError("it holds no names with values.")
    values = {}
    for name, hint in kind.__annotations__.items():
        if name not in content:
            raise ReIDError(f"{name} is missing.")
        value = content[name]
        if hint != MatchThreshold | None:
            check_argument(name, value, hint)
        values[name] = value
    return values
