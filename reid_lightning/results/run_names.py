"""The names of several runs beside one another: what they differ in, or their folders."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reid_lightning.results.overrides import differing_keys, is_number, short_value

_MOST_KEYS, _MOST_LETTERS = 3, 48  # of a name that is still one


def run_names(folders: Sequence[Path], overrides: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of runs, each another one.

    A run is named by the overrides that the runs differ in, without the names of groups where that
    is clear (`margin=0.3`). Where these are many, or do not tell the runs apart, its folder names
    it.

    Args:
        folders: of the runs.
        overrides: of each run, key to value.
    """
    keys = differing_keys(overrides)
    pairs = [[(key, short_value(run[key])) for key in keys if key in run] for run in overrides]
    value_alone = len(keys) == 1 and not any(is_number(v) for run in pairs for _, v in run)
    short = _short_keys(keys)
    names = [", ".join(v if value_alone else f"{short[k]}={v}" for k, v in run) for run in pairs]
    told_apart = all(names) and len(set(names)) == len(names)
    if told_apart and len(keys) <= _MOST_KEYS and max(map(len, names)) <= _MOST_LETTERS:
        return names
    lengthening = (["/".join(folder.parts[-n:]) for folder in folders] for n in range(1, 99))
    return next(names for names in lengthening if len(set(names)) == len(names))


def _short_keys(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each key, unless another key has the same."""
    lasts = [key.rpartition(".")[2] for key in keys]
    return {k: last if lasts.count(last) == 1 else k for k, last in zip(keys, lasts, strict=True)}
