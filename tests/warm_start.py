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
from multiprocessing.context import ForkServerContext
from pathlib import Path

import torch
import torch.multiprocessing as mp

# Not wandb, whose temporary folder, made at its import, the first process to end would remove.
LIBRARIES = ["reid_lightning.run.training", "reid_lightning.run.evaluation", "numba", "pandas"]


def warm_context() -> ForkServerContext:
    """Processes that begin with the libraries, and with nothing else of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def in_processes(function: Callable[..., None], arguments: tuple[object, ...], count: int) -> None:
    """`function(rank, *arguments)` in so many processes at once, in the first one's environment.

    Raises:
        ProcessRaisedException: it raised something in one of them.
    """
    warm_context()
    mp.start_processes(function, arguments, nprocs=count, start_method="forkserver")


def run_script(
    context: ForkServerContext, path: Path, arguments: tuple[str, ...], cwd: Path, output: Path
) -> subprocess.CompletedProcess[str]:
    """`python PATH ARGUMENTS…` in a folder; its output goes to files in the folder `output`.

    Raises:
        TimeoutExpired: it took more than five minutes.
    """
    files = (output / "stdout", output / "stderr")
    for file in files:
        file.touch()
    process = context.Process(target=_be, args=(path, arguments, cwd, files, dict(os.environ)))
    process.start()
    process.join(300)
    if process.is_alive():
        os.killpg(process.ident or 0, signal.SIGKILL)
        process.join()
        raise subprocess.TimeoutExpired(str(path), 300, *(file.read_bytes() for file in files))
    texts = [file.read_text() for file in files]
    return subprocess.CompletedProcess([str(path), *arguments], process.exitcode or 0, *texts)


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
