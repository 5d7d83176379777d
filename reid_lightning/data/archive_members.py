"""What a zip file may hold to be a set of pictures, checked before anything of it is extracted."""

import stat
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

_FILE_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: packed on a system without Unix's
_MOST_NAME_BYTES, _MOST_PATH_BYTES = 255, 1000
# Pictures are packed already: what becomes far more is made to fill a disk.
_MOST_GROWTH, _SMALL_BYTES = 100, 2**27
_GIB = 2**30


def check_members(members: Sequence[zipfile.ZipInfo], archive_bytes: int, free_bytes: int) -> None:
    """Check that all members can be extracted side by side, inside one folder.

    Args:
        members: of the archive.
        archive_bytes: the size of its file.
        free_bytes: of the disk that they are extracted to.

    Raises:
        ValueError: what is wrong, as the end of "ARCHIVE holds …".
    """
    for member in members:
        if problem := _name_problem(member.orig_filename) or _kind_problem(member):
            raise ValueError(f"{member.orig_filename!r:.200}, {problem}")
    total = sum(member.file_size for member in members)
    if _is_bomb(total, archive_bytes):
        raise ValueError(f"files of {total / _GIB:.2g} GiB in {archive_bytes:,} bytes")
    if total > free_bytes:
        raise ValueError(
            f"files of {total / _GIB:.2g} GiB, and {free_bytes / _GIB:.2g} GiB are free on the disk"
        )
    _check_twins(members)


def _name_problem(name: str) -> str | None:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or parts[0][1:2] == ":":
        return "a path that leaves its folder"
    if "\\" in name or not name.isprintable() or not PurePosixPath(name).parts:
        return "a name that is no file's: pack it again"
    if len(name.encode()) > _MOST_PATH_BYTES or any(
        len(part.encode()) > _MOST_NAME_BYTES for part in parts
    ):
        return "a name that is too long"
    return None


def _kind_problem(member: zipfile.ZipInfo) -> str | None:
    if stat.S_IFMT(member.external_attr >> 16) not in _FILE_TYPES:
        return "which is a link or a device, and no picture"
    if member.flag_bits & 1:
        return "which is encrypted: extract it yourself, and set data.root"
    if _is_bomb(member.file_size, member.compress_size):
        return f"which would grow from {member.compress_size:,} to {member.file_size:,} bytes"
    return None


def _is_bomb(size: int, packed: int) -> bool:
    return size > _SMALL_BYTES and size > _MOST_GROWTH * packed


def _check_twins(members: Sequence[zipfile.ZipInfo]) -> None:
    """Check that no two members are one file, also where a disk does not tell cases apart."""
    known: dict[str, tuple[str, bool]] = {}
    for member in members:
        path = PurePosixPath(member.filename)
        folders = [(str(folder), True) for folder in path.parents[:-1]]
        for name, is_folder in (*folders, (str(path), member.is_dir())):
            key = unicodedata.normalize("NFC", name).casefold()
            first, was_folder = known.get(key, (name, True))
            is_same_folder = is_folder and was_folder and name == first
            if key in known and not is_same_folder:
                raise ValueError(f"both {first!r} and {name!r}, which cannot lie side by side")
            known[key] = name, is_folder
