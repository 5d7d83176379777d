"""What is wrong with a file that is not what was asked for, as the end of a sentence about it."""

import stat
from pathlib import Path

_HEAD_BYTES = 512
_IRREGULAR = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}
_ZIP = b"PK\x03\x04"
_HEADS = {
    b"version https://git-lfs": "it is a Git-LFS pointer, not the file that it stands for: run "
    "`git lfs pull` where it was cloned",
    _ZIP: "it is a zip archive, and not of this kind",
    b"\x1f\x8b": "it is a gzip file: unpack it first",
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive: unpack it first",
    b"Rar!": "it is a RAR archive: unpack it first",
    b"\x89HDF": "it is an HDF5 file",
    b"\xff\xd8\xff": "it is a picture",
    b"\x89PNG": "it is a picture",
    b"%PDF": "it is a PDF document",
    b"%!PS": "it is a PostScript document",
}
_PAGES = (b"<!doctype html", b"<html", b"<?xml")
_TAR_MAGIC = slice(257, 262)


def not_a_file(path: Path) -> str | None:
    """Why `path` is no file whose bytes can be read; None if it is one. It is not opened for that.

    To open a named pipe would wait for its writer without end.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "it is a link to a missing file" if path.is_symlink() else "there is no such file"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None if stat.S_ISREG(mode) else _IRREGULAR.get(stat.S_IFMT(mode), "it is no file")


def content_kind(path: Path) -> str | None:
    """What a file's first bytes say that it is, if it is a well-known kind of file, or empty."""
    head = _head(path)
    if not head:
        return "it is empty (0 bytes)"
    if head.lstrip().lower().startswith(_PAGES):
        return "it is a web page, such as a download leaves that failed: download it again"
    if head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 2**27:
        return (
            "it is a safetensors file: convert it by "
            "torch.save(safetensors.torch.load_file(OLD), NEW)"
        )
    if head[_TAR_MAGIC] == b"ustar":
        return "it is a tar archive: unpack it first"
    return next((kind for start, kind in _HEADS.items() if head.startswith(start)), None)


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive: PyTorch, too, looks at nothing else."""
    return _head(path).startswith(_ZIP)


def is_text(path: Path) -> bool:
    """Whether a file's first bytes are printable text."""
    text = _head(path).decode(errors="replace")
    return all(c.isprintable() or c.isspace() for c in text[:-3]) and "\ufffd" not in text[:-3]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)
