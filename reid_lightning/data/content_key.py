"""A name for decoded pictures, made of everything that their pixels depend on."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import PIL

from reid_lightning.data.pictures import readable
from reid_lightning.parallel import map_in_chunks

VERSION = 1  # of the decoding


def content_key(paths: Sequence[Path], height: int, width: int) -> str:
    """A digest of the pictures' names and bytes, their size in pixels, and the decoder's version.

    Raises:
        ReIDError: a picture cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{VERSION} {PIL.__version__} {height} {width}".encode())
    contents = map_in_chunks(picture_digest, paths, digest.block_size)
    for path, content in zip(paths, contents, strict=True):
        digest.update(os.fsencode(path.name) + b"\0" + content)
    return digest.hexdigest()


def picture_digest(path: Path) -> bytes:
    """A digest of a file's bytes.

    Raises:
        ReIDError: it cannot be read.
    """
    with readable(path):
        return hashlib.blake2b(path.read_bytes()).digest()
