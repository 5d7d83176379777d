"""Start the other processes of a job on this machine, and clean up after them.

Lightning's own launcher repeats the command line as typed, so that in a Hydra multirun every rank
would start the whole sweep, and leaves its variables in the environment, so that the second job
waits for ranks that nobody starts. Here a job's ranks run that job alone and leave nothing behind.
"""

import logging
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from reid_lightning.errors import ReIDError, error_message
from reid_lightning.run.command_line import python_path

log = logging.getLogger(__name__)
_GRACE_SECONDS = 20.0  # for this process to notice itself that another has died


class OtherRankError(ReIDError):
    """Another rank of the job failed, and reported why."""

    is_secondary = True


@contextmanager
def process_ranks(command: Sequence[str], processes: int) -> Iterator[None]:
    """Make this process rank 0 of `processes`; ranks 1… run `command` until the block ends.

    Does nothing for one process. Torch's threads are divided among the ranks. At the end the other
    ranks are waited for (after an error: killed), the process group is destroyed and the
    environment is restored.

    Raises:
        OtherRankError: another rank ended with an error, which it reported itself.
    """
    if processes == 1:
        yield
        return
    environment = dict(os.environ)
    threads = torch.get_num_threads()
    share = str(max(1, threads // processes))
    common = {
        "PYTHONPATH": python_path(),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(processes),
    }
    os.environ |= common | {"LOCAL_RANK": "0"}
    torch.set_num_threads(int(share))
    children = [
        subprocess.Popen(
            command, env=environment | common | {"LOCAL_RANK": str(r), "OMP_NUM_THREADS": share}
        )
        for r in range(1, processes)
    ]
    done = threading.Event()
    threading.Thread(target=_watch, args=(children, done), daemon=True).start()
    try:
        yield
        for child in children:
            child.wait()
    except Exception as error:
        # Where another rank died, this one only sees a broken connection.
        if error_message(error) is None and (rank := _failed_rank(children)):
            raise OtherRankError(
                f"Process {rank} ended with an error; see its message above."
            ) from error
        raise
    finally:
        done.set()
        for child in children:
            child.kill()
            child.wait()
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        torch.set_num_threads(threads)
        os.environ.clear()
        os.environ.update(environment)


def _failed_rank(children: list[subprocess.Popen[bytes]]) -> int | None:
    """The first rank that has failed, or fails within a few seconds."""
    for _ in range(30):
        for rank, child in enumerate(children, start=1):
            if child.poll():
                return rank
        time.sleep(0.1)
    return None


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _watch(children: list[subprocess.Popen[bytes]], done: threading.Event) -> None:
    """End this process too if it would wait forever for a rank that has died."""
    while not done.wait(1.0):
        failed = [child.poll() for child in children if child.poll()]
        if failed and not done.wait(_GRACE_SECONDS):
            log.error("Another rank of this job died (exit status %s): ending the job.", failed[0])
            for child in children:
                child.kill()
            os._exit(1)
