"""A model card: a folder with a network's weights and plain words and numbers about it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from annotated_types import Len
from jinja2 import Environment, StrictUndefined
from torch import Tensor

from reid_lightning.distances import RankingDistance
from reid_lightning.errors import ReIDError, unknown_name
from reid_lightning.files import load_tensors, read_json, replaced_atomically, save_tensors
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.calibration_file import CALIBRATION_FILE, write_calibration
from reid_lightning.metrics.summary import SCORE_TITLES
from reid_lightning.signatures import Count, NonNegative, Size, Text, check_argument

CONFIG_FILE, WEIGHTS_FILE, README_FILE = "config.json", "model.safetensors", "README.md"
_TEMPLATE = Path(__file__).with_name("model_card.md")

Plain = bool | int | float | str | None
Hex = Annotated[str, Len(64, 128)]


class CardConfig(NamedTuple):
    """What `config.json` holds: plain values alone.

    Args:
        version: of reid-lightning, which wrote it.
        network: its name among reid-lightning's own.
        model: the options of the network.
        height, width: of its input, in pixels.
        mean, std: of the input's channels, by which it is normalised.
        distance: to rank by.
        trained_on: the name of the training set.
        people: whom it was trained on.
        training: how, a setting a key.
        parameters, gmacs, embedding_size: what it costs, see `network_cost`.
        scores: of the official test set, as fractions; empty: it was not scored.
        protocol: how they were measured.
        software: versions.
        license: of the weights.
        checkpoint: the BLAKE2b digest of the checkpoint that it was made of, by which embeddings
            and calibrations know the model.
        weights_sha256: of `model.safetensors`.
    """

    version: Text
    network: Text
    model: dict[str, Any]
    height: Size
    width: Size
    mean: Annotated[list[float], Len(3, 3)]
    std: Annotated[list[float], Len(3, 3)]
    distance: RankingDistance
    trained_on: Text
    people: Count
    training: dict[str, Plain]
    parameters: Count
    gmacs: NonNegative | None
    embedding_size: Count
    scores: dict[str, float]
    protocol: dict[str, Plain]
    software: dict[str, str]
    license: Text
    checkpoint: Hex
    weights_sha256: Hex


def is_card(path: Path) -> bool:
    """Whether a folder is, or should be, a card."""
    return any(os.path.lexists(path / name) for name in (CONFIG_FILE, WEIGHTS_FILE))


def write_card(
    folder: Path, config: CardConfig, tensors: Mapping[str, Tensor], calibration: Calibration | None
) -> None:
    """Write a card into an empty folder; `weights_sha256` is filled in.

    Raises:
        OSError: it cannot be written.
    """
    config = config._replace(weights_sha256=save_tensors(tensors, folder / WEIGHTS_FILE))
    if calibration is not None:
        write_calibration(folder / CALIBRATION_FILE, calibration)
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    known = {"calibration": calibration, "titles": SCORE_TITLES}
    readme = template.render(config._asdict() | known) + "\n"
    content = json.dumps(config._asdict(), indent=2) + "\n"
    for name, text in ((README_FILE, readme), (CONFIG_FILE, content)):
        with replaced_atomically(folder / name) as partial:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_card(folder: Path) -> tuple[CardConfig, dict[str, Tensor]]:
    """What `write_card` wrote, which may come from a stranger: plain values, and tensors.

    Raises:
        ReIDError: a file is missing, damaged or a link out of the folder, or a value is wrong.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE, CALIBRATION_FILE):
        # Not by `resolve`, which fails on links in a circle.
        if not Path(os.path.realpath(folder / name)).is_relative_to(os.path.realpath(folder)):
            raise ReIDError(
                f"{folder / name} is a link out of the folder, and a card is read from its own "
                "alone: copy the file itself into it."
            )
    content = read_json(folder / CONFIG_FILE)
    try:
        config = _checked(content)
    except ReIDError as error:
        raise ReIDError(f"{folder / CONFIG_FILE} is of no card: {error}") from error
    return config, load_tensors(folder / WEIGHTS_FILE, config.weights_sha256)


def _checked(content: Any) -> CardConfig:
    if not isinstance(content, dict):
        raise ReIDError("it holds no names with values.")
    if _names_code(content):
        raise ReIDError("it has a _target_, which names code to run, and a card runs none.")
    known = CardConfig.__annotations__
    if unknown := sorted(content.keys() - known.keys()):
        raise ReIDError(
            f"it has an unknown key {unknown[0][:40]}: {unknown_name(unknown[0], known)}"
        )
    for name, hint in known.items():
        if name not in content:
            raise ReIDError(f"{name} is missing.")
        check_argument(name, content[name], hint)
    return CardConfig(**content)


def _names_code(value: object) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(map(_names_code, value.values()))
    return isinstance(value, list) and any(map(_names_code, value))
