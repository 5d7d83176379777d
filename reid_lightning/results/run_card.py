"""How a run is named among others: its name, group and tags, and its flat hyperparameters."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_yaml
from reid_lightning.results.groups import settings_digest
from reid_lightning.results.overrides import last_part, short_value

# These are no hyperparameters: where files lie, facts about the data set, a second copy of a group.
_LEFT_OUT = ("data/archive", "data/augmentation", "data/cache", "data/expected", "data/source")
_WHOLE_PATH = "data/root"
_UNTAGGED = ("logger", "resume=")
_DIGITS = 8  # of a digest among names


class RunCard(NamedTuple):
    """What a run is found by among others; `choices` are the YAML files it is composed of."""

    name: str
    group: str | None
    tags: list[str]
    choices: dict[str, str]


def run_card(folder: Path) -> RunCard:
    """Read a run's card from the `.hydra` in its folder, the same whether or not it is resumed.

    A sweep's job is named by what the sweep changes in it, and grouped by the sweep's folder; a
    single run is named by its own folder, and grouped with those that have the same settings. Jobs
    of a sweep that changes the seed are grouped by all else that it changes, too. Tags are all
    overrides but those of the logger.

    Raises:
        ReIDError: a file in `.hydra` is damaged.
    """
    path = folder / ".hydra" / "hydra.yaml"
    if not path.is_file():  # hydra.output_subdir=null
        return RunCard(folder.name, None, [], {})
    try:
        return _card(folder, path)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ReIDError(f"{path} is damaged: it is not as Hydra writes it.") from error


def _card(folder: Path, path: Path) -> RunCard:
    hydra = _read_hydra(path)
    typed = hydra["overrides"]["task"]
    overrides = [_short_override(o) for o in typed if not o.startswith(_UNTAGGED)]
    chosen = hydra["runtime"]["choices"].items()
    choices = {k: v for k, v in chosen if "/" not in k and k not in ("callbacks", "logger")}
    if hydra["mode"] != "MULTIRUN":
        return RunCard(folder.name, _group_of_settings(folder, overrides), overrides, choices)
    subdir = _interpolated(str(hydra["sweep"]["subdir"]), hydra)
    sweep = folder.parents[len(Path(subdir).parts) - 1]
    path = sweep / "multirun.yaml"  # not every sweeper leaves one
    common = _read_hydra(path)["overrides"]["task"] if path.is_file() else []
    # A file of the group `sweep` may give all its jobs the same value of a key.
    params = hydra.get("sweeper", {}).get("params") or {}
    common = [*common, *(f"{key}={value}" for key, value in params.items())]
    swept = [o for o in overrides if o not in map(_short_override, common)]
    settings = _without_seed(swept)
    repeats_settings = settings and len(settings) < len(swept)
    group = f"{sweep.name}: {', '.join(settings)}" if repeats_settings else sweep.name
    return RunCard(", ".join(swept) or folder.name, group, overrides, choices)


def _group_of_settings(folder: Path, overrides: Sequence[str]) -> str | None:
    """What runs of the same settings and any seed have in common; None where it is not known."""
    path = folder / ".hydra" / "config.yaml"
    config = read_yaml(path) if path.is_file() else None
    if not isinstance(config, dict):
        return None
    return " ".join([*_without_seed(overrides), settings_digest(config)[:_DIGITS]])


def _without_seed(overrides: Sequence[str]) -> list[str]:
    return [override for override in overrides if not override.startswith("seed=")]


def flat_config(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"loss": {"margin": 0.3}}` as `{"loss/margin": 0.3}`, without what is no hyperparameter.

    Of a file's path the name alone is kept, except for data.root.
    """
    flat: dict[str, Any] = {}
    for name, value in config.items():
        key = f"{prefix}{name}"
        if key in _LEFT_OUT or name == "_partial_":
            continue
        if isinstance(value, Mapping):
            flat |= flat_config(value, f"{key}/")
        else:
            shorten = isinstance(value, str) and key != _WHOLE_PATH
            flat[key] = last_part(value) if shorten else value
    return flat


def _read_hydra(path: Path) -> dict[str, Any]:
    hydra: dict[str, Any] = read_yaml(path)["hydra"]
    return hydra


def _interpolated(text: str, hydra: dict[str, Any]) -> str:
    """`text` with each `${hydra.KEY.KEY}` replaced by its value: what Hydra makes of a folder."""

    def value_of(reference: re.Match[str]) -> str:
        value: Any = hydra
        for key in reference[1].split("."):
            value = value[key]
        return str(value)

    return re.sub(r"\$\{hydra[.:]([\w.]+)\}", value_of, text)


def _short_override(override: str) -> str:
    key, _, value = override.partition("=")
    return f"{key}={short_value(value)}"
