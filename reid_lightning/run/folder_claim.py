"""How a folder becomes a run's own, for good, before anything is written into it."""

import os
import socket
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from reid_lightning.errors import ReIDError
from reid_lightning.results.status import STATUS_FILE, claim, read_status_file, write_status
from reid_lightning.run.run_lock import LOCK_FILE, run_lock

_WAIT_SECONDS = 60.0  # of another rank for rank 0 to choose their folder
_OCCUPIED = (
    "{} holds something already, and a run's folder is its own: choose another {}, or "
    "continue the run in it with resume=."
)


def claim_folder(folder: Path, key: str, *, named: bool) -> Path:
    """Make an empty folder this run's own: `folder`, or one with a number after its name.

    Args:
        folder: of the run.
        key: of the configuration, for the error.
        named: the user chose the name, which gets no number then.

    Raises:
        ReIDError: the folder cannot be made, or holds something although it was named.
    """
    for number in count(1):
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}_{number}")
        try:
            candidate.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The folder {candidate} cannot be made ({error}): choose another {key}."
            raise ReIDError(message) from error
        if not any(candidate.iterdir()) and claim(candidate, job=_launched_job()):
            return candidate
        if _is_abandoned(candidate):
            with suppress(ReIDError), run_lock(candidate):  # another may be faster
                if _is_abandoned(candidate):
                    write_status(candidate, "running", job=_launched_job())
                    return candidate
        if named:
            raise ReIDError(_OCCUPIED.format(candidate, key))
    raise AssertionError("unreachable")


def _is_abandoned(folder: Path) -> bool:
    """Whether a process of this machine has claimed the folder, and ended before it used it."""
    status = read_status_file(folder)
    unused = {path.name for path in folder.iterdir()} <= {STATUS_FILE, LOCK_FILE}
    if not unused or status.get("host") != socket.gethostname():
        return False
    try:
        os.kill(status["process"], 0)
    except ProcessLookupError:
        return True
    except OSError:  # another user's process
        return False
    return False


def wait_for_rank_zero(folder: Path) -> Path:
    """The folder that rank 0 of the same job has claimed, under this name or one like it."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        for status in (folder / STATUS_FILE, *folder.parent.glob(f"*/{STATUS_FILE}")):
            if read_status_file(status.parent).get("job") == _launched_job():
                return status.parent
        time.sleep(0.1)
    return folder  # on a machine without rank 0's disk


def _launched_job() -> str:
    """What tells the ranks of one launched job (torchrun, srun) from those of others."""
    names = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "SLURM_JOB_ID", "SLURM_STEP_ID")
    return " ".join(os.environ.get(name, "-") for name in names)
