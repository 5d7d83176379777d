"""Pictures decoded once, into a file that every process and every later run maps into memory."""

import logging
import shutil
import time
from collections.abc import Sequence
from functools import partial as partial_function
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from reid_lightning.bars import with_bar
from reid_lightning.data.content_key import content_key
from reid_lightning.data.decoder import Decoder
from reid_lightning.data.pictures import Picture, Source, decode_resized
from reid_lightning.data.unreadable import all_named
from reid_lightning.errors import ReIDError
from reid_lightning.files import add_checksum, is_intact, replaced_atomically
from reid_lightning.parallel import map_in_chunks

log = logging.getLogger(__name__)

_GIB = 2**30
_DECODED_ALWAYS = "Pictures are decoded in every epoch: once decoded, their %s."
_DECODED = "%d pictures at %d × %d decoded in %.1f s: %s (%s; it may be deleted any time)"
_FOUND = "%d pictures at %d × %d are in the cache already: %s"


class Store:
    """A file of decoded pictures: uint8 [pictures, height, width, 3], and a checksum."""

    def __init__(self, file: Path, pictures: Sequence[Picture], height: int, width: int) -> None:
        self.file, self.pictures, self.height, self.width = file, pictures, height, width
        self.rows = {picture: row for row, picture in enumerate(pictures)}
        # Mapped once, so that the file may be removed while it is in use.
        self.pixels = np.memmap(file, np.uint8, "r", shape=(len(pictures), height, width, 3))

    def __reduce__(self) -> tuple[type["Store"], tuple[Path, Sequence[Picture], int, int]]:
        # A loader process that is not forked maps the file again instead of copying the pixels.
        return Store, (self.file, self.pictures, self.height, self.width)

    def read(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """Copy pictures out of the file: uint8 [B, height, width, 3], RGB; B may be 0."""
        batch = torch.empty(len(pictures), self.height, self.width, 3, dtype=torch.uint8)
        rows = np.array([self.rows[picture] for picture in pictures], dtype=np.intp)
        np.take(self.pixels, rows, axis=0, out=batch.numpy(), mode="clip")  # "raise" buffers
        return batch


def open_source(
    pictures: Sequence[Picture],
    height: int,
    width: int,
    *,
    folder: Path,
    budget_gib: float,
    whole_set: Sequence[Picture] = (),
) -> Source:
    """Open the store of these pictures at this size; build it if `folder` has none.

    Its file name depends on the pictures' names and bytes: a changed picture makes a new store,
    and a copy of the set uses the same one. A file whose checksum is wrong is built again: to
    verify it, every byte is read. A store over the budget, or larger than the free
    disk space, is not built: its pictures are decoded every time they are read.

    Args:
        pictures: of which several may be crops of one file.
        height, width: in pixels.
        folder: of all stores; created if missing.
        budget_gib: the largest store to build, in GiB.
        whole_set: the pictures that an error looks through; by default, `pictures`.

    Raises:
        ReIDError: naming every picture that cannot be read, or `folder` if it cannot be written.
    """
    size, built, started = len(pictures) * height * width * 3, False, time.perf_counter()
    whole_set = whole_set or pictures
    if size > budget_gib * _GIB:
        log.info(_DECODED_ALWAYS, f"{_gib(size)} are more than data.cache_gib={budget_gib}")
        return Decoder(height, width, whole_set)
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with all_named(whole_set):
            file = folder / f"{content_key(pictures, height, width)}.rgb"
            if not is_intact(file, size):
                # Ranks and sweep jobs that start together wait here for the first to build it.
                with FileLock(file.with_suffix(".lock")):
                    if not is_intact(file, size):
                        _remove_damaged(file)
                        if size > (free := shutil.disk_usage(folder).free):
                            why = f"are more than the {_gib(free)} of free space in {folder}"
                            log.info(_DECODED_ALWAYS, f"{_gib(size)} {why}")
                            return Decoder(height, width, whole_set)
                        _build(file, pictures, height, width)
                        built = True
    except OSError as error:
        raise ReIDError(
            f"The folder of decoded pictures {folder} (data.cache) cannot be used ({error}): set "
            "data.cache to another folder, or data.cache_gib=0 to decode in every epoch."
        ) from error
    if built:
        seconds = time.perf_counter() - started
        log.info(_DECODED, len(pictures), height, width, seconds, file, _gib(size))
    else:
        log.info(_FOUND, len(pictures), height, width, folder)
    return Store(file, pictures, height, width)


def _remove_damaged(file: Path) -> None:
    if file.exists():
        log.warning("%s is damaged, or of an earlier version: it is built again.", file)
        file.unlink()


def _gib(size: float) -> str:
    return f"{size / _GIB:.2g} GiB"


def _build(file: Path, pictures: Sequence[Picture], height: int, width: int) -> None:
    with replaced_atomically(file) as partial, partial.open("wb") as out:
        decode = partial_function(decode_resized, height=height, width=width)
        decoded = map_in_chunks(decode, pictures, height * width * 3)
        for pixels in with_bar(decoded, len(pictures), "decoding pictures"):
            out.write(pixels.tobytes())
        out.flush()
        add_checksum(partial)
