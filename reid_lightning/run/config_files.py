"""Where the YAML files of a configuration are: ours, and the user's in --config-dir."""

from pathlib import Path

from reid_lightning.errors import ReIDError

_PACKAGE = Path(__file__).parents[1]
_INSTALLED, _CHECKOUT = _PACKAGE / "conf", _PACKAGE.parent / "conf"
CONF = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT

NEW_GROUPS = ("metric",)  # of the user's files alone


def check_own_files(own_configs: Path | None) -> None:
    """Raise a `ReIDError` if a YAML of the user's is no text, or has the name of one of ours.

    Hydra would use the package's without a word, and not say which file is no text.
    """
    if own_configs is None:
        return
    for file in sorted(own_configs.rglob("*.yaml")):
        ours = CONF / file.relative_to(own_configs)
        if ours.is_file() and not ours.samefile(file):
            raise ReIDError(
                f"{file} has the name of one of reid-lightning's own files: give it another name."
            )
        try:
            _ = file.is_file() and file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ReIDError(f"{file} is no text in UTF-8 ({error.reason}).") from error


def group_files(group: str, own_configs: Path | None) -> list[str]:
    """The names that `group=NAME` can choose; none if there is no such group."""
    folders = [CONF, own_configs] if own_configs else [CONF]
    files = [file for folder in folders for file in (folder / group).glob("*.yaml")]
    return sorted({file.stem for file in files}) if group else []
