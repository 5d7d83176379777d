"""Going on with a sweep that was stopped or killed: `python train.py -m resume_sweep=FOLDER`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reid_lightning.errors import ReIDError

# What may change while the same job is trained: how long, and where its pictures lie.
_FREE = {"trainer": ("max_epochs",), "data": ("root", "archive", "cache", "cache_gib", "workers")}


def resumed_sweep(arguments: Sequence[str]) -> list[str]:
    """What a user typed, with `resume_sweep=FOLDER` spelled out for Hydra.

    The sweep is started again with its own overrides and in its own folder, so that its jobs have
    the same numbers; each of them goes on with what is in its folder.

    Raises:
        ReIDError: there is no sweep at FOLDER, or something is to be changed in it.
    """
    given = [a for a in arguments if a.startswith("resume_sweep=")]
    if not given:
        return list(arguments)
    for refused in arguments:
        if refused not in ("-m", "--multirun") and refused != given[-1]:
            raise ReIDError(
                f"{refused} cannot be given with resume_sweep=, which goes on with a sweep's jobs "
                "as they were started."
            )
    folder = Path(given[-1].removeprefix("resume_sweep=")).absolute()
    path = folder / "multirun.yaml"
    if not path.is_file():
        raise ReIDError(
            f"There is no sweep to resume at {folder}: it holds no multirun.yaml. Name the folder "
            "that a sweep left, such as multirun/DATE."
        )
    hydra = yaml.safe_load(path.read_text())["hydra"]
    unnamed = {*hydra["job"]["config"]["override_dirname"]["exclude_keys"], "resume"}
    return [
        "-m",
        *hydra["overrides"]["hydra"],
        *(o for o in hydra["overrides"]["task"] if not o.startswith("resume=")),
        f"hydra.sweep.dir='{folder}'",
        f"hydra.job.config.override_dirname.exclude_keys=[{','.join(sorted(unnamed))}]",
        "resume='${hydra:runtime.output_dir}'",
    ]


def check_same_job(folder: Path, trained: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Raise a `ReIDError` where a job's checkpoint was `trained` as another job than is `asked`.

    The configuration may have been edited since, and an Optuna sweep that is repeated may ask for
    other values from where a job ends otherwise than it did.
    """
    one, two = _settings(trained), _settings(asked)
    changed = sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))
    if changed:
        raise ReIDError(
            f"The run in {folder} was trained with another {', '.join(changed)} than the sweep "
            "now asks for: remove its folder to train it anew."
        )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of every group, as a user types them."""
    groups = {name: group for name, group in config.items() if isinstance(group, Mapping)}
    alone = {name: value for name, value in config.items() if name not in groups}
    return alone | {
        f"{name}.{key}": value
        for name, group in groups.items()
        for key, value in group.items()
        if key not in _FREE.get(name, ())
    }
