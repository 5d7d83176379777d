"""Runs that differ by nothing but their seed: one experiment, repeated."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_yaml
from reid_lightning.results.metrics_json import read_results

# What changes no weight: the seed itself, how a run was started again, and what records it.
_LEFT_OUT = ("seed", "resume", "logger")
_RECORDING_CALLBACKS = ("wandb",)


class SeedRun(NamedTuple):
    """A run of a group; `seed` is None where its settings are not known, and it stands alone."""

    folder: Path
    seed: int | None


class _Settings(NamedTuple):
    digest: str
    seed: int


def seed_groups(folders: Iterable[Path]) -> list[list[SeedRun]]:
    """The groups of runs that differ by nothing but `seed`, in the order of their first runs.

    A group has each seed once: a second run with the same settings and seed is in another group.
    Evaluations are grouped by the seeds of their checkpoints: where they were made with the same
    settings, of checkpoints that were trained with the same settings. A run whose settings cannot
    be read, or that an earlier version evaluated, stands alone.

    Args:
        folders: of runs and evaluations.
    """
    groups: dict[Any, list[SeedRun]] = {}
    repeats = Counter[_Settings]()
    for folder in folders:
        settings = _read_settings(folder)
        if settings is None:
            groups[folder, len(groups)] = [SeedRun(folder, None)]
            continue
        key = settings.digest, repeats[settings]
        repeats[settings] += 1
        groups.setdefault(key, []).append(SeedRun(folder, settings.seed))
    return list(groups.values())


def settings_digest(config: Mapping[str, Any]) -> str:
    """A digest of a composed configuration of plain values, the same for every seed.

    Left out is also what changes no weight: the logger, and whether the run was resumed. The run's
    own folder is in no configuration: `${hydra:runtime.output_dir}` stands for it.
    """
    settings = {name: value for name, value in config.items() if name not in _LEFT_OUT}
    if isinstance(callbacks := settings.get("callbacks"), Mapping):
        kept = {name: c for name, c in callbacks.items() if name not in _RECORDING_CALLBACKS}
        settings["callbacks"] = kept
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _read_settings(folder: Path) -> _Settings | None:
    """The settings of a training or of an evaluation; None where they are not known."""
    try:
        config = read_yaml(folder / ".hydra" / "config.yaml")
        if not isinstance(config, dict):
            return None
        if "checkpoint" not in config:  # a training
            return _checked(settings_digest(config), config.get("seed"))
        results = read_results(folder / "metrics.json")
        trained = results.get("trained_settings")
        evaluated = {name: value for name, value in config.items() if name != "checkpoint"}
        if not isinstance(trained, str):
            return None
        digest = settings_digest(evaluated | {"trained_settings": trained})
        return _checked(digest, results.get("trained_seed"))
    except (ReIDError, TypeError):  # TypeError: keys of several kinds, which cannot be sorted
        return None


def _checked(digest: str, seed: object) -> _Settings | None:
    return _Settings(digest, seed) if type(seed) is int else None
