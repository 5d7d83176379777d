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
_sweeps: list[FileLock] = []  # Hydra copies its callbacks into jobs' processes, so not there


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


def hold_sweep(folder: Path) -> None:
    """Hold a sweep's folder until `release_sweeps`; nobody else holds it."""
    lock = FileLock(folder / LOCK_FILE)
    lock.acquire(timeout=0)
    _sweeps.append(lock)


def held_sweep() -> Path | None:
    """The folder of the sweep that this process runs."""
    return Path(_sweeps[-1].lock_file).parent if _sweeps else None


def release_sweeps() -> None:
    """Give up the folders of the sweeps that this process has run."""
    while _sweeps:
        _sweeps.pop().release()


def _still_running(folder: Path) -> str:
    status = read_status_file(folder)
    owner = f"process {status['process']} on {status['host']}" if status else "another process"
    return f"The run in {folder} is still running ({owner}): wait for it, or stop it first."
