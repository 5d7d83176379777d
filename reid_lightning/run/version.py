"""Which version made a run, and whether this one can resume it."""

from pathlib import Path

from reid_lightning import __version__
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_yaml
from reid_lightning.run.typed_command import typed_command


def check_version(folder: Path, config: Path) -> None:
    """Raise a `ReIDError` if the run or sweep in `folder` was made by an incompatible version.

    Args:
        folder: of the run or the sweep, for the message.
        config: its configuration, which states the version from 0.2 on.
    """
    content = read_yaml(config) or {}
    if not isinstance(content, dict):
        raise ReIDError(f"{config} is damaged, or cannot be read: it holds no configuration.")
    made_by = str(content.get("version", "0.1"))
    if made_by.split(".")[:2] != __version__.split(".")[:2]:
        unstated = f" (Or {config.name}, which states no version, is damaged.)"
        damaged = "" if "version" in content else unstated
        raise ReIDError(
            f"{folder} was made by reid-lightning {made_by}, which this version ({__version__}) "
            "cannot resume: resume it with that version, or train again; "
            f"{typed_command('evaluate')} scores its checkpoints.{damaged}"
        )
