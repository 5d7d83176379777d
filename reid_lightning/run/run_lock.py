"""Whether a run is being written: a lock on its folder, which a killed process leaves free."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.errors import ReIDError
from reid_lightning.results.status import read_status_file, write_status

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


@contextmanager
def own_folder(resumes: bool = False) -> Iterator[None]:
    """Hold the folder of the job that Hydra runs, in its first process.

    Args:
        resumes: the run there goes on: whether it is finished is not known yet.

    Raises:
        ReIDError: another process holds it.
    """
    if getattr(rank_zero_only, "rank", 0) != 0:
        yield
        return
    folder = Path(HydraConfig.get().runtime.output_dir)
    with run_lock(folder):
        if not resumes:
            write_status(folder, "running")
        yield


def check_not_running(folder: Path) -> None:
    """Raise a `ReIDError` if a process holds the folder, or that of one of a sweep's jobs."""
    for path in sorted(folder.rglob(LOCK_FILE)):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ReIDError(_still_running(path.parent)) from error
        lock.release()


def _still_running(folder: Path) -> str:
    status = read_status_file(folder)
    owner = f"process {status['process']} on {status['host']}" if status else "another process"
    return f"The run in {folder} is still running ({owner}): wait for it, or stop it first."
