"""How a run is introduced elsewhere: its name, group and tags, and its flat hyperparameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

# No hyperparameters of a run: where files lie, what the set's YAML says of it, a second copy.
_LEFT_OUT = ("data/archive", "data/augmentation", "data/cache", "data/expected", "data/source")
_PATH_KEPT = "data/root"


class RunCard(NamedTuple):
    """What a run is found by among others; `choices` are the YAML files it is composed of."""

    name: str
    group: str | None
    tags: list[str]
    choices: dict[str, str]


def run_card(folder: Path) -> RunCard:
    """Read a run's card from the `.hydra` in its folder, the same whether or not it is resumed.

    A sweep's job is named by what the sweep changes in it, and grouped by the sweep's folder; a
    single run is named by its own folder. Tags are all overrides but those of the logger.
    """
    path = folder / ".hydra" / "hydra.yaml"
    if not path.is_file():  # hydra.output_subdir=null
        return RunCard(folder.name, None, [], {})
    hydra = OmegaConf.load(path).hydra
    overrides = [_short_override(o) for o in hydra.overrides.task if not o.startswith("logger")]
    chosen = {k: v for k, v in hydra.runtime.choices.items() if "/" not in k}  # not Hydra's own
    choices = {k: v for k, v in chosen.items() if k not in ("callbacks", "logger")}
    if hydra.mode != "MULTIRUN":
        return RunCard(folder.name, None, overrides, choices)
    sweep = folder.parents[len(Path(str(hydra.sweep.subdir)).parts) - 1]
    kept = sweep / "multirun.yaml"  # not every sweeper leaves one
    common = OmegaConf.load(kept).hydra.overrides.task if kept.is_file() else []
    # What a file of the group `sweep` gives to all its jobs: a value that is not swept.
    params = OmegaConf.select(hydra, "sweeper.params") or {}
    common = [*common, *(f"{key}={value}" for key, value in params.items())]
    swept = [o for o in overrides if o not in map(_short_override, common)]
    return RunCard(", ".join(swept) or folder.name, sweep.name, overrides, choices)


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"loss": {"margin": 0.3}}` as `{"loss/margin": 0.3}`, without what is no hyperparameter.

    Of a file's path the name alone is kept, except for data.root.
    """
    told: dict[str, Any] = {}
    for name, value in config.items():
        key = f"{prefix}{name}"
        if key in _LEFT_OUT or name == "_partial_":
            continue
        if isinstance(value, Mapping):
            told |= flat(value, f"{key}/")
        else:
            told[key] = value if key == _PATH_KEPT else _short(value)
    return told


def _short(value: Any) -> Any:
    is_path = isinstance(value, str) and value.startswith(("/", "~"))
    return Path(value).name if is_path else value


def _short_override(override: str) -> str:
    key, _, value = override.partition("=")
    value = _short(value.strip("'\""))
    return f"{key}={value}"
