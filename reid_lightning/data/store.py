"""Pictures decoded once, into a file that every process and every later run maps into memory."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL
import torch
from filelock import FileLock

from reid_lightning.data.pictures import Decoder, Source, pixels, readable
from reid_lightning.errors import ReIDError

log = logging.getLogger(__name__)

VERSION = 1  # of what a store holds; another one is another file
_CHUNK = 256  # pictures decoded before they are written
_GIB = 2**30


class Store:
    """Decoded pictures in a file: uint8 [pictures, height, width, 3], nothing else in it."""

    def __init__(self, file: Path, paths: Sequence[Path], height: int, width: int) -> None:
        self.file, self.paths, self.height, self.width = file, paths, height, width
        self.rows = {path: row for row, path in enumerate(paths)}
        # Mapped once: the file may be removed while it is in use.
        self.pixels = np.memmap(file, np.uint8, "r", shape=(len(paths), height, width, 3))

    def __reduce__(self) -> tuple[type["Store"], tuple[Path, Sequence[Path], int, int]]:
        # A loader process that is not forked maps the file too: it gets no copy of the pixels.
        return Store, (self.file, self.paths, self.height, self.width)

    def read(self, paths: Sequence[Path]) -> torch.Tensor:
        """The pictures as uint8 [B, height, width, 3], RGB, copied out of the file."""
        batch = torch.empty(len(paths), self.height, self.width, 3, dtype=torch.uint8)
        rows = [self.rows[path] for path in paths]
        np.take(self.pixels, rows, axis=0, out=batch.numpy(), mode="clip")  # raise would buffer
        return batch


def open_source(
    paths: Sequence[Path], height: int, width: int, *, folder: Path, budget_gib: float
) -> Source:
    """The store of these pictures at this size, built if `folder` has none.

    Its name is made from the pictures' names and bytes: a changed picture makes another store, and
    the same set elsewhere shares one. Where it does not fit, pictures are decoded when read.

    Args:
        paths: the pictures.
        height, width: in pixels.
        folder: of all stores; made if missing.
        budget_gib: the largest store that is made.

    Raises:
        ReIDError: a picture cannot be read, or `folder` cannot be written.
    """
    size, started = len(paths) * height * width * 3, time.perf_counter()
    if size > budget_gib * _GIB:
        return _decode_always(height, width, f"{_gib(size)} are over data.cache_gib={budget_gib}")
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{content_key(paths, height, width)}.rgb"
        # Ranks and sweep jobs that come at once wait here for the first, then find its store.
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                if size > (free := shutil.disk_usage(folder).free):
                    told = f"{_gib(size)} are over the {_gib(free)} left in {folder}"
                    return _decode_always(height, width, told)
                _build(file, paths, height, width)
    except OSError as error:
        raise ReIDError(
            f"The folder of decoded pictures {folder} (data.cache) cannot be used ({error}): set "
            "data.cache to another folder, or data.cache_gib=0 to decode in every epoch."
        ) from error
    log.info(
        "%d pictures at %d × %d decoded in %s (%s, ready after %.1f s; it may be removed any time)",
        *(len(paths), height, width, file, _gib(size), time.perf_counter() - started),
    )
    return Store(file, paths, height, width)


def _decode_always(height: int, width: int, why: str) -> Decoder:
    log.info("Pictures are decoded in every epoch: decoded once, %s.", why)
    return Decoder(height, width)


def _gib(size: float) -> str:
    return f"{size / _GIB:.2g} GiB"


def content_key(paths: Sequence[Path], height: int, width: int) -> str:
    """A digest of what decides a store's bytes, the version of the decoder among it.

    Raises:
        ReIDError: a picture cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{VERSION} {PIL.__version__} {height} {width}".encode())
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), _CHUNK):  # a future a picture would fill the memory
            chunk = paths[start : start + _CHUNK]
            for path, content in zip(chunk, pool.map(_digest, chunk), strict=True):
                digest.update(path.name.encode() + b"\0" + content)
    return digest.hexdigest()


def _digest(path: Path) -> bytes:
    with readable(path):
        return hashlib.blake2b(path.read_bytes()).digest()


def _build(file: Path, paths: Sequence[Path], height: int, width: int) -> None:
    """Decode into a file that gets its name when it is whole; a killed one's rest is overwritten."""
    partial = file.with_suffix(".partial")
    try:
        with partial.open("wb") as out, ThreadPoolExecutor() as pool:
            for start in range(0, len(paths), _CHUNK):
                chunk = paths[start : start + _CHUNK]
                for picture in pool.map(lambda path: pixels(path, height, width), chunk):
                    out.write(picture.tobytes())
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
