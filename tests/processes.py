"""Processes that a test starts as a user would, all that they start in turn, and their end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MARK = "REID_TEST_FAMILY"  # in the environment of a process and of all its descendants
_count = 0


def _hear_signals() -> None:
    """Those that a shell's background job or nohup ignores, as the tests may be."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


class Family:
    """A Python program and its descendants, each with one thread.

    Args:
        command: the program's arguments for Python.
        cwd: its working directory.
        environment: further variables.
    """

    def __init__(self, *command: str, cwd: Path, **environment: str) -> None:
        global _count
        _count += 1
        self._mark = f"{_MARK}={os.getpid()}.{_count}"
        self._output = (cwd / f"output_{_count}.txt").open("w+")
        name, _, value = self._mark.partition("=")
        self.first = subprocess.Popen(
            [sys.executable, *command],
            cwd=cwd,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1", name: value} | environment,
            start_new_session=True,
            preexec_fn=_hear_signals,
        )

    def pids(self, text: str = "") -> list[int]:
        """Those that are alive and have `NAME=VALUE`, if given, in their environment."""
        return [int(p.name) for p in Path("/proc").glob("[0-9]*") if self._is(p, text)]

    def wait_for(self, condition: Callable[[], Any], seconds: float = 120.0) -> None:
        """Wait until something has happened; it must, before the program ends."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.first.poll() is None and time.monotonic() < deadline, self.output()
            time.sleep(0.005)

    def end(self, seconds: float) -> int:
        """The program's exit status, once it and all its descendants have ended, in time."""
        deadline = time.monotonic() + seconds
        while self.first.poll() is None or self.pids():
            if time.monotonic() > deadline:
                left = self.pids()
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"{left} are left after {seconds} s: {self.output()}")
            time.sleep(0.02)
        return self.first.returncode

    def output(self) -> str:
        """What they have printed."""
        self._output.seek(0)
        return self._output.read()

    def _is(self, process: Path, text: str) -> bool:
        try:
            variables = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return False
        return self._mark in variables and (not text or text in variables)
