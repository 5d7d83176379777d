"""Processes that are forked from one with the libraries already imported, for scripts and ranks.

A test would otherwise wait for the imports of torch and Lightning, longer than for all the rest.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp


def warm_context() -> ForkServerContext:
    """Processes that begin with `warm_libraries`, and with nothing else of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_libraries"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        forkserver.ensure_running()
    return context


def in_processes(function: Callable[..., None], arguments: tuple[object, ...], count: int) -> None:
    """`function(rank, *arguments)` in so many processes at once, in the first one's environment.

    Raises:
        ProcessRaisedException: it raised something in one of them.
    """
    warm_context()
    mp.start_processes(function, arguments, nprocs=count, start_method="forkserver")


class Script:
    """`python PATH ARGUMENTS…` in a folder, leading a process group of its own.

    Args:
        context: of `warm_context`.
        path: of the script.
        arguments: its own.
        cwd: the folder.
        output: a folder for files of what it prints.
    """

    def __init__(
        self,
        context: ForkServerContext,
        path: Path,
        arguments: tuple[str, ...],
        cwd: Path,
        output: Path,
    ) -> None:
        self._command = [str(path), *arguments]
        self._files = (output / "stdout", output / "stderr")
        for file in self._files:
            file.touch()
        arguments_of_be = (path, arguments, cwd, self._files, dict(os.environ))
        self._process = context.Process(target=_be, args=arguments_of_be)
        self._process.start()
        assert self._process.pid is not None, "it has been started"
        self._pid = self._process.pid

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send_signal(self, signum: int) -> None:
        """Send a signal to it alone."""
        os.kill(self._pid, signum)

    def kill(self) -> None:
        """End it, and all that it has started."""
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self._pid, signal.SIGKILL)
        self._process.join()

    def end(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end.

        Raises:
            TimeoutExpired: it took more than five minutes.
        """
        self._process.join(300)
        if self.is_alive():
            self.kill()
            raise subprocess.TimeoutExpired(
                self._command, 300, *(f.read_bytes() for f in self._files)
            )
        texts = [file.read_text() for file in self._files]
        return subprocess.CompletedProcess(self._command, self._process.exitcode or 0, *texts)


def _be(
    path: Path, arguments: tuple[str, ...], cwd: Path, files: tuple[Path, Path], env: dict[str, str]
) -> None:
    """Become the script, as far as possible."""
    os.setsid()  # a group with all that it starts
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    torch.set_num_threads(int(env.get("OMP_NUM_THREADS", torch.get_num_threads())))
    sys.path[:0] = filter(None, [str(path.parent), *env.get("PYTHONPATH", "").split(os.pathsep)])
    sys.argv = [str(path), *arguments]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out
