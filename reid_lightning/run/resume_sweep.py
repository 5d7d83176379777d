"""Resume a sweep that was stopped or killed: `python train.py -m resume_sweep=FOLDER`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_yaml
from reid_lightning.run.paths import quoted
from reid_lightning.run.run_lock import check_not_running
from reid_lightning.run.version import check_version

# What may change while it is still the same job: how long it trains, and where its pictures are.
_CHANGEABLE = {
    "trainer": ("max_epochs",),
    "data": ("root", "archive", "cache", "cache_gib", "workers"),
}


def resume_sweep_args(arguments: Sequence[str]) -> list[str]:
    """The typed arguments, with `resume_sweep=FOLDER` replaced by those that Hydra needs for it.

    The sweep is started again with its own overrides and in its own folder, so that its jobs have
    the same numbers; each of them resumes the run in its folder.

    Raises:
        ReIDError: there is no sweep at FOLDER, another version made it, or other arguments are
            given.
    """
    folders = [a for a in arguments if a.startswith("resume_sweep=")]
    if not folders:
        return list(arguments)
    for refused in arguments:
        if refused not in ("-m", "--multirun") and refused != folders[-1]:
            raise ReIDError(
                f"{refused} cannot be given with resume_sweep=, which continues a sweep's jobs as "
                "they were started."
            )
    folder = Path(folders[-1].removeprefix("resume_sweep=")).absolute()
    path = folder / "multirun.yaml"
    if not path.is_file():
        raise ReIDError(
            f"There is no sweep to resume at {folder}: it holds no multirun.yaml. Name the folder "
            "that a sweep left, such as multirun/DATE."
        )
    check_version(folder, path)
    check_not_running(folder)
    try:
        return _sweep_args(folder, read_yaml(path)["hydra"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ReIDError(f"{path} is damaged: it is not as Hydra writes it.") from error


def _sweep_args(folder: Path, hydra: Mapping[str, Any]) -> list[str]:
    sources = hydra["runtime"]["config_sources"]
    own = [s["path"] for s in sources if s["provider"] == "command-line"]
    unnamed = {*hydra["job"]["config"]["override_dirname"]["exclude_keys"], "resume"}
    return [
        "-m",
        *(f"--config-dir={configs}" for configs in own),
        *hydra["overrides"]["hydra"],
        *(o for o in hydra["overrides"]["task"] if not o.startswith("resume=")),
        f"hydra.sweep.dir={quoted(folder)}",
        f"hydra.job.config.override_dirname.exclude_keys=[{','.join(sorted(unnamed))}]",
        "resume='${hydra:runtime.output_dir}'",
    ]


def check_same_job(folder: Path, trained: Mapping[str, Any], requested: Mapping[str, Any]) -> None:
    """Raise a `ReIDError` if a job's checkpoint was `trained` with other settings than `requested`.

    The configuration may have been edited since, and a repeated Optuna sweep may ask for other
    values after a job that ended differently.
    """
    before, now = _settings(trained), _settings(requested)
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        raise ReIDError(
            f"The run in {folder} was trained with another {', '.join(changed)} than the sweep "
            "now asks for: remove its folder to train it again from the start."
        )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of every group's keys, named as a user types them."""
    groups = {name: group for name, group in config.items() if isinstance(group, Mapping)}
    alone = {n: v for n, v in config.items() if n not in (*groups, "settings", "version")}
    return alone | {
        f"{name}.{key}": value
        for name, group in groups.items()
        for key, value in group.items()
        if key not in _CHANGEABLE.get(name, ())
    }
