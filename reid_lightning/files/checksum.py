"""Files of the cache end with a checksum, so that bytes that a disk has changed are never used."""

import hashlib
import os
import zlib
from pathlib import Path

from reid_lightning.parallel import map_in_chunks

_BLOCK_BYTES = 2**23
_CHECKSUM_BYTES = 16


def add_checksum(file: Path) -> None:
    """Append the checksum of all that the file holds."""
    checksum = _checksum(file, file.stat().st_size)
    with file.open("ab") as out:
        out.write(checksum)


def is_intact(file: Path, size: int) -> bool:
    """Whether the file holds `size` bytes and their checksum; reads all of it, with threads."""
    try:
        if file.stat().st_size != size + _CHECKSUM_BYTES:
            return False
        with file.open("rb") as content:
            content.seek(size)
            return content.read() == _checksum(file, size)
    except OSError:  # there is no file, or its disk is damaged
        return False


def _checksum(file: Path, size: int) -> bytes:
    """A digest of the CRC-32 of every block: of damaged blocks it misses one in 2³²."""
    with file.open("rb") as content:

        def crc(start: int) -> int:
            count = min(_BLOCK_BYTES, size - start)
            return zlib.crc32(os.pread(content.fileno(), count, start))

        digest = hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
        for block in map_in_chunks(crc, range(0, size, _BLOCK_BYTES), _BLOCK_BYTES):
            digest.update(block.to_bytes(4, "little"))
        return digest.digest()
