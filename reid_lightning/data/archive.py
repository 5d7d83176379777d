"""Extract a data set's zip once, safely, and remember which one it was."""

import hashlib
import json
import logging
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from reid_lightning.errors import ReIDError

log = logging.getLogger(__name__)
_MARK = ".extracted.json"


def extract_once(archive: Path, root: Path) -> None:
    """Extract `archive` into `root` unless that was done before.

    The files appear under `root` only when all of them are there: they are written to a folder
    beside it that is renamed at the end, so several processes may call this at once and an
    interrupted extraction leaves nothing that could be taken for a finished one.

    Raises:
        ReIDError: no such archive, not a zip, damaged, a path in it leaves the folder, or `root`
            holds something else.
    """
    # Looked at before the mark: another process may put folder and mark there at any moment.
    occupied = root.is_file() or (root.exists() and any(root.iterdir()))
    if (root / _MARK).is_file():
        _check_same(archive, root)
        return
    if not archive.is_file():
        raise ReIDError(f"The archive {archive} (data.archive) does not exist.")
    if occupied:
        raise ReIDError(
            f"{root} exists but was not extracted from an archive: leave data.archive out to use "
            "it as it is, or set data.root to a new folder."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        checksum = _extract(archive, partial)
        (partial / _MARK).write_text(json.dumps({"archive": archive.name, "sha256": checksum}))
        partial.chmod(0o755)
        _move_into_place(partial, root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    log.info("Extracted %s to %s (sha256 %s).", archive, root, checksum)


def _extract(archive: Path, folder: Path) -> str:
    try:
        with zipfile.ZipFile(archive) as zipped:
            for name in zipped.namelist():
                if not (folder / name).resolve().is_relative_to(folder.resolve()):
                    raise ReIDError(f"{archive} holds {name!r}, a path that leaves its folder.")
            zipped.extractall(folder)
    # Damaged, encrypted, or packed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ReIDError(f"{archive} is not a sound zip file ({error}): get it again.") from error
    return _checksum(archive)


def _checksum(archive: Path) -> str:
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_same(archive: Path, root: Path) -> None:
    """The archive itself may be gone by now; another one may not have taken its place."""
    extracted = json.loads((root / _MARK).read_text())
    if archive.is_file() and _checksum(archive) != extracted["sha256"]:
        raise ReIDError(
            f"{root} was extracted from {extracted['archive']} (sha256 {extracted['sha256']}), not "
            f"from {archive}: set data.root to a new folder."
        )
    log.info("%s: from %s (sha256 %s).", root, extracted["archive"], extracted["sha256"])


def _move_into_place(partial: Path, root: Path) -> None:
    try:
        partial.rename(root)  # also replaces an empty folder
    except OSError:
        if not (root / _MARK).is_file():  # otherwise another process was faster
            raise
