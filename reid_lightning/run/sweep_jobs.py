"""The jobs of a sweep that run in processes of their own, under Hydra's joblib or submitit."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from reid_lightning.process import (
    SIGNALS,
    Stopped,
    keep_streams,
    pass_signals_to,
    received_signal,
    stop_signals,
)
from reid_lightning.results.status import STATUS_FILE, read_status_file, write_status
from reid_lightning.run.held_sweep import held_sweep
from reid_lightning.run.run_lock import is_held
from reid_lightning.run.user_errors import in_sweep

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
    """Let a job that joblib runs stop its sweep, and end when the sweep's process ends.

    Raises:
        Stopped: the sweep was stopped before the job could start.
    """
    if not in_sweep():
        yield
        return
    hydra = HydraConfig.get()
    if read_status_file(Path(hydra.sweep.dir)).get("state") == "stopped":
        raise Stopped(received_signal() or signal.SIGTERM)
    if held_sweep() or "joblib" not in hydra.launcher._target_:
        yield
        return
    _join_sweep()
    _job_runs.set()
    try:
        with stop_signals(), pass_signals_to(_pass_on):
            yield
    finally:
        _job_runs.clear()
        if os.getppid() != _sweep_process:
            os._exit(128 + signal.SIGTERM)  # before joblib's process takes the next job


_sweep_process = 0  # of this process, if it is joblib's
_job_runs = threading.Event()


def _join_sweep() -> None:
    """Between two jobs, leave signals to the sweep, and end with it."""
    global _sweep_process
    if _sweep_process:
        return
    _sweep_process = os.getppid()
    keep_streams()
    for signum in SIGNALS:
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, lambda *_: None)
    threading.Thread(target=_end_with_sweep, daemon=True).start()


def _pass_on(signum: int) -> None:
    if os.getppid() == _sweep_process:
        os.kill(_sweep_process, signum)


def _end_with_sweep() -> None:
    while os.getppid() == _sweep_process:
        time.sleep(_PARENT_SECONDS)
    if _job_runs.is_set():
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        os._exit(128 + signal.SIGTERM)
