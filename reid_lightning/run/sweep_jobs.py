"""The jobs of a sweep that run in processes of their own, under Hydra's joblib or submitit."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from reid_lightning.results.status import STATUS_FILE, read_status_file
from reid_lightning.run.run_lock import held_sweep, is_held

_WAIT_SECONDS = 9.0  # a job's ranks are ended after 8
_POLL_SECONDS = 0.05


def stop_jobs(signum: int) -> None:
    """Pass a signal on to those jobs of the sweep that this process runs, and wait for them.

    Hydra's launchers would kill them, or leave them running. Jobs on other machines go on.
    """
    sweep = held_sweep()
    if sweep is None:
        return
    folders = [path.parent for path in sweep.glob(f"*/{STATUS_FILE}")]
    running = [folder for folder in folders if _process(folder) and is_held(folder)]
    for folder in running:
        with suppress(ProcessLookupError):
            os.kill(_process(folder), signum)
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline and any(map(is_held, running)):
        time.sleep(_POLL_SECONDS)


def _process(folder: Path) -> int:
    """The other process of this machine that a job's status names; 0 if there is none."""
    status = read_status_file(folder)
    if status.get("host") != socket.gethostname() or status["process"] == os.getpid():
        return 0
    process: int = status["process"]
    return process
