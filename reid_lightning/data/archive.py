"""Extract a data set's zip file once, safely, and record its checksum."""

import errno
import hashlib
import json
import logging
import lzma
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

from reid_lightning.data.archive_members import check_members
from reid_lightning.errors import ReIDError
from reid_lightning.files import content_kind, is_zip, named_in_errors, not_a_file, read_json

log = logging.getLogger(__name__)
_RECORD_FILE = ".extracted.json"
# Damaged, encrypted, or packed in a way that Python does not know.
_UNSOUND = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    IndexError,
    OverflowError,
)


def extract_once(archive: Path, root: Path) -> None:
    """Extract `archive` into `root` unless that was done before.

    The files are written to a folder beside `root` that is renamed at the end. So several
    processes may call this at once, and an interrupted extraction leaves no incomplete `root`.

    Raises:
        ReIDError: the archive does not exist, is no zip file, is damaged or has a path that leaves
            the folder, or what no set of pictures holds; or `root` holds something else.
    """
    # Before the record is looked for: another process may create folder and record at any moment.
    occupied = root.exists() and (not root.is_dir() or any(root.iterdir()))
    if (root / _RECORD_FILE).is_file():
        _check_same(archive, root)
        return
    if reason := not_a_file(archive):
        raise ReIDError(f"The archive {archive} (data.archive) cannot be read: {reason}.")
    if occupied:
        raise ReIDError(
            f"{root} exists but was not extracted from an archive: leave data.archive out to "
            "use its files, or set data.root to a new folder."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        with named_in_errors(root):
            checksum = _extract(archive, partial)
            (partial / _RECORD_FILE).write_text(
                json.dumps({"archive": archive.name, "sha256": checksum}), encoding="utf-8"
            )
        partial.chmod(0o755)
        _rename(partial, root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    log.info("Extracted %s to %s (sha256 %s).", archive, root, checksum)


def _extract(archive: Path, folder: Path) -> str:
    try:
        with zipfile.ZipFile(archive) as zipped:
            _check_members(archive, zipped, folder)
            zipped.extractall(folder)
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of the disk, and not of what is packed
            raise
        raise _unsound(archive, error) from error
    except _UNSOUND as error:
        raise _unsound(archive, error) from error
    return _checksum(archive)


def _check_members(archive: Path, zipped: zipfile.ZipFile, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    try:
        check_members(zipped.infolist(), archive.stat().st_size, free)
        if any(name.startswith(f"{_RECORD_FILE}/") for name in zipped.namelist()):
            raise ValueError(f"a folder {_RECORD_FILE}, whose name is kept for a file")
    except ValueError as error:
        raise ReIDError(
            f"Nothing was extracted: {archive} (data.archive) holds {error}."
        ) from error


def _unsound(archive: Path, error: Exception) -> ReIDError:
    reason = content_kind(archive) if isinstance(error, zipfile.BadZipFile) else None
    if reason is None or is_zip(archive):
        reason = f"{error or type(error).__name__}: download it again"
    return ReIDError(f"{archive} (data.archive) is not a sound zip file ({reason}).")


def _checksum(archive: Path) -> str:
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_same(archive: Path, root: Path) -> None:
    """Check that `root` was extracted from this archive, which may have been deleted since."""
    record = read_json(root / _RECORD_FILE)
    if not isinstance(record, dict) or not {"archive", "sha256"} <= record.keys():
        raise ReIDError(
            f"{root / _RECORD_FILE} is damaged: remove {root} to extract {archive} again."
        )
    if archive.is_file() and _checksum(archive) != record["sha256"]:
        raise ReIDError(
            f"{root} was extracted from {record['archive']} (sha256 {record['sha256']}), not "
            f"from {archive}: set data.root to a new folder."
        )
    log.info("%s was extracted from %s (sha256 %s).", root, record["archive"], record["sha256"])


def _rename(partial: Path, root: Path) -> None:
    try:
        partial.rename(root)  # also replaces an empty folder
    except OSError:
        if not (root / _RECORD_FILE).is_file():  # otherwise another process was faster
            raise
