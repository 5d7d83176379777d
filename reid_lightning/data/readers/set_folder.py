"""The folder of a set: the one that was named, or one in it, as archives often have it."""

from collections.abc import Sequence
from pathlib import Path

from reid_lightning.errors import ReIDError


def set_folder(root: Path, contents: Sequence[str]) -> Path | None:
    """`root`, or the only folder in it, that holds one of `contents`; None if there is none.

    Raises:
        ReIDError: several folders in `root` do.
    """

    def holds(folder: Path) -> bool:
        return any((folder / name).exists() for name in contents)

    if holds(root):
        return root
    folders = sorted(path for path in root.iterdir() if path.is_dir() and holds(path))
    if len(folders) > 1:
        names = ", ".join(path.name for path in folders)
        raise ReIDError(f"{root} holds several sets ({names}): set data.root to one of them.")
    return folders[0] if folders else None
