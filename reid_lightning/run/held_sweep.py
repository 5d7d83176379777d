"""The sweep that this process runs, whose folder it holds."""

from pathlib import Path

from filelock import FileLock

from reid_lightning.run.run_lock import LOCK_FILE

_sweeps: list[FileLock] = []  # not in a callback: Hydra copies these into jobs' processes


def hold_sweep(folder: Path) -> None:
    """Hold a sweep's folder until `release_sweeps`; nobody else holds it."""
    lock = FileLock(folder.absolute() / LOCK_FILE)
    lock.acquire(timeout=0)
    _sweeps.append(lock)


def held_sweep() -> Path | None:
    """The folder of the sweep that this process runs."""
    return Path(_sweeps[-1].lock_file).parent if _sweeps else None


def release_sweeps() -> None:
    """Give up the folders of the sweeps that this process has run."""
    while _sweeps:
        _sweeps.pop().release()
