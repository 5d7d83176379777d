"""Which files of a folder are pictures, by their names."""

import os
from pathlib import Path
from typing import NamedTuple

from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file

SUFFIXES = (  # of `pictures.FORMATS`
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib"),
    *(".tif", ".tiff", ".webp", ".gif"),
)


_WINDOWS_OWN = ("thumbs.db", "desktop.ini")  # also in Market-1501's archive


class PictureFiles(NamedTuple):
    """A folder's pictures, and the other files and folders in it, both sorted by name."""

    paths: list[Path]
    not_read: list[Path]


def list_pictures(folder: Path) -> PictureFiles:
    """List a folder's pictures and, so that none is left out unseen, all else.

    A hidden file is a system's own (macOS puts `._NAME.jpg` beside `NAME.jpg`), and is neither.

    Raises:
        ReIDError: the folder is missing or has no picture, or what is named as one is no file.
    """
    if not folder.is_dir():
        raise ReIDError(f"The folder {folder} is missing: it should contain pictures.")
    files = scan_pictures(folder)
    if not files.paths:
        raise ReIDError(
            f"The folder {folder} holds no picture (JPEG, PNG, BMP, TIFF, WebP or GIF, by the "
            f"suffix), but {len(files.not_read)} other files and folders."
        )
    return files


def scan_pictures(folder: Path) -> PictureFiles:
    """As `list_pictures`, of a folder that may have no picture.

    Raises:
        ReIDError: what is named as a picture is no file.
    """
    files = PictureFiles([], [])
    with os.scandir(folder) as entries:  # which know what is a file without a look at each
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.name.lower() in _WINDOWS_OWN:
                continue
            if path.suffix.lower() not in SUFFIXES:
                files.not_read.append(path)
                continue
            if not entry.is_file(follow_symlinks=False) and (reason := not_a_file(path)):
                raise ReIDError(f"{path} is no picture ({reason}): remove it.")
            files.paths.append(path)
    return PictureFiles(sorted(files.paths), sorted(files.not_read))
