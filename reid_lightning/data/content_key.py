"""A name for decoded pictures, made of everything that their pixels depend on."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import PIL

from reid_lightning.data.pictures import Picture, Unreadable, readable, try_read, unreadable_error
from reid_lightning.parallel import map_in_chunks

VERSION = 2  # of the decoding
_DIGEST_BYTES = 64


def content_key(pictures: Sequence[Picture], height: int, width: int) -> str:
    """A digest of the pictures' names, bytes and boxes, their size, and the decoder's version.

    Raises:
        ReIDError: naming every file that cannot be read.
    """
    contents = _contents(pictures)
    if unreadable := [c for c in contents.values() if isinstance(c, Unreadable)]:
        raise unreadable_error(unreadable)
    return _key(pictures, contents, f"{height} {width}")


def readability_key(pictures: Sequence[Picture]) -> str:
    """A digest of all that decides which pictures can be read; files may be missing."""
    return _key(pictures, _contents(pictures), "readable")


def picture_digest(path: Path) -> bytes:
    """A digest of a file's bytes.

    Raises:
        ReIDError: it cannot be read.
    """
    return readable(_try_digest(path))


def _try_digest(path: Path) -> bytes | Unreadable:
    return try_read(path, lambda: hashlib.blake2b(path.read_bytes()).digest())


def _contents(pictures: Sequence[Picture]) -> dict[Path, bytes | Unreadable]:
    """The digest of every file: several crops may be of one."""
    paths = list(dict.fromkeys(picture.path for picture in pictures))
    return dict(zip(paths, map_in_chunks(_try_digest, paths, _DIGEST_BYTES), strict=True))


def _key(
    pictures: Sequence[Picture], contents: Mapping[Path, bytes | Unreadable], settings: str
) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{VERSION} {PIL.__version__} {settings}".encode())
    for path, box in pictures:
        content = contents[path]
        digest.update(os.fsencode(path.name) + f"\0{box}\0".encode())
        digest.update(content if isinstance(content, bytes) else b"unreadable")
    return digest.hexdigest()
