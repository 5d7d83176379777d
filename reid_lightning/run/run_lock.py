"""Whether a run is being written: a lock on its folder, which a killed process leaves free."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from reid_lightning.errors import ReIDError
from reid_lightning.results.status import read_status_file

LOCK_FILE = ".lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold a run's folder.

    Raises:
        ReIDError: another process holds it.
    """
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ReIDError(_still_running(folder)) from error
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process holds the folder."""
    try:
        with FileLock(folder / LOCK_FILE).acquire(timeout=0):
            return False
    except Timeout:
        return True


def check_not_running(folder: Path) -> None:
    """Raise a `ReIDError` if a process holds the folder, or that of one of a sweep's jobs."""
    for path in sorted(folder.rglob(LOCK_FILE)):
        if is_held(path.parent):
            raise ReIDError(_still_running(path.parent))


def _still_running(folder: Path) -> str:
    status = read_status_file(folder)
    owner = f"process {status['process']} on {status['host']}" if status else "another process"
    return f"The run in {folder} is still running ({owner}): wait for it, or stop it first."
