"""The one error that is the user's to put right, and how it is shown."""

from collections.abc import Sequence

# The extra of pyproject.toml that brings a package.
_EXTRAS = {
    "pytorch_metric_learning": "pml",
    "joblib": "sweep",
    "optuna": "sweep",
    "submitit": "sweep",
}


class ReIDError(Exception):
    """What is wrong, where, and what to do: one sentence (or a few), never a traceback."""


def check_choice(key: str, value: object, choices: Sequence[object]) -> None:
    """Raise a `ReIDError` that names the config `key` unless `value` is one of `choices`."""
    if value not in choices:
        raise ReIDError(f"{key}={value} must be one of: {', '.join(map(str, choices))}.")


def check_at_least(key: str, value: float, least: float) -> None:
    """Raise a `ReIDError` that names the config `key` if `value` is below `least`."""
    if value < least:
        raise ReIDError(f"{key}={value} must be {least} or more.")


def check_at_most(key: str, value: float, most: float) -> None:
    """Raise a `ReIDError` that names the config `key` if `value` is above `most`."""
    if value > most:
        raise ReIDError(f"{key}={value} must be {most} or less.")


def sentence(error: BaseException) -> str | None:
    """The sentence of the first `ReIDError` in the chain of causes of `error`, if there is one.

    A package that is not installed makes one too: a configuration may name any package's classes.

    A DataLoader worker hands over its error with the traceback written into the message; only
    what follows the error's own name is the sentence.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ReIDError):
            return str(seen).rsplit(f"{ReIDError.__name__}: ", 1)[-1].strip()
        if isinstance(seen, ModuleNotFoundError):
            brought = _EXTRAS.get(str(seen.name).partition(".")[0])
            install = (
                f"pip install -e '.[{brought}]' brings it" if brought else "install it with pip"
            )
            return (
                f"The Python package {seen.name} is not installed, and this configuration needs "
                f"it: {install}."
            )
        seen = seen.__cause__ or seen.__context__
    return None
