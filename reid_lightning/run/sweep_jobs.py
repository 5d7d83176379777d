"""The jobs of a sweep that run in processes of their own, under Hydra's joblib or submitit."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from reid_lightning.results.status import STATUS_FILE, read_status_file, write_status
from reid_lightning.run.held_sweep import held_sweep
from reid_lightning.run.run_lock import is_held
from reid_lightning.run.user_errors import in_sweep
from reid_lightning.stop_signals import Stopped, pass_signals_to

_WAIT_SECONDS = 9.0  # a job's ranks are ended after 8
_POLL_SECONDS = 0.05
_PARENT_SECONDS = 1.0  # between two looks whether the sweep's process is there


def stop_jobs(signum: int) -> None:
    """Pass a signal on to those jobs of the sweep that this process runs, and wait for them.

    Hydra's launchers would kill them, or leave them running. No other job starts. Jobs on other
    machines go on.
    """
    sweep = held_sweep()
    if sweep is None:
        return
    write_status(sweep, "stopped")
    asked, deadline = set[int](), time.monotonic() + _WAIT_SECONDS
    while (running := _processes(sweep)) and time.monotonic() < deadline:
        for process in running - asked:
            with suppress(OSError):
                os.kill(process, signum)
        asked |= running
        time.sleep(_POLL_SECONDS)


def _processes(sweep: Path) -> set[int]:
    """The other processes of this machine that run the sweep's jobs."""
    here = {"host": socket.gethostname()}.items()
    folders = [file.parent for file in sweep.rglob(STATUS_FILE)]
    running = [f for f in folders if here <= read_status_file(f).items() and is_held(f)]
    return {int(read_status_file(folder)["process"]) for folder in running} - {os.getpid()}


@contextmanager
def of_sweep() -> Iterator[None]:
    """Let a job that joblib runs stop its sweep, and stop when the sweep's process ends.

    Raises:
        Stopped: the sweep was stopped before the job could start.
    """
    if not in_sweep():
        yield
        return
    hydra = HydraConfig.get()
    if read_status_file(Path(hydra.sweep.dir)).get("state") == "stopped":
        raise Stopped(signal.SIGTERM)
    if "joblib" not in hydra.launcher._target_:
        yield
        return
    parent, ended = os.getppid(), threading.Event()
    threading.Thread(target=_stop_with, args=(parent, ended), daemon=True).start()
    try:
        with pass_signals_to(partial(_pass_on, parent)):
            yield
    finally:
        ended.set()
        if os.getppid() != parent:
            os._exit(128 + signal.SIGTERM)  # before joblib's process takes the next job


def _pass_on(parent: int, signum: int) -> None:
    if os.getppid() == parent:
        os.kill(parent, signum)


def _stop_with(parent: int, ended: threading.Event) -> None:
    while not ended.wait(_PARENT_SECONDS):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
