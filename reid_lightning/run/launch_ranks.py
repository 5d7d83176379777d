"""The ranks of a job on this machine, all of them children of this process, their supervisor.

Lightning's own launcher repeats the command line as typed, so that in a Hydra multirun every rank
would start the whole sweep, and leaves its variables in the environment, so that the second job
waits for ranks that nobody starts. Torch's elastic agent waits for half a minute at a SIGTERM, and
leaves the ranks' own children behind.
"""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from reid_lightning.errors import ReIDError
from reid_lightning.process import SIGNALS, Stopped, stop_by
from reid_lightning.run.python_path import import_variables
from reid_lightning.run.rank_link import LinkedProcess, RankError

log = logging.getLogger(__name__)

_STOP_SECONDS = 8.0  # for rank 0 to end its step and to write a checkpoint
_SETTLE_SECONDS = 1.0  # after a failure, for other ranks to fail too: whose error was the first?
_POLL_SECONDS = 0.05


def run_ranks(commands: Sequence[Sequence[str]], threads: int) -> None:
    """Run a rank by each command, and wait for them all.

    A signal to this process, or to any rank, stops rank 0 in order and then the others. No rank
    outlives this function, or this process; what a rank has started ends with it, unless the rank
    has ended well.

    Args:
        commands: which use a `SupervisorLink`.
        threads: torch's, divided among the ranks.

    Raises:
        ReIDError: a rank has failed or was killed.
        Stopped: by a signal.
    """
    port, ranks = _free_port(), list[LinkedProcess]()
    try:
        for number, command in enumerate(commands):
            ranks.append(LinkedProcess(command, _variables(number, len(commands), port, threads)))
        while any(rank.process.poll() != 0 for rank in ranks):
            _check(ranks)
            time.sleep(_POLL_SECONDS)
    except Stopped as stop:
        if ranks:
            ranks[0].process.send_signal(stop.signum)
            with suppress(subprocess.TimeoutExpired):
                ranks[0].process.wait(_STOP_SECONDS)
            ranks[0].read_reports()
            for error in ranks[0].errors:  # of its checkpoint, perhaps
                log.error("%s", error.traceback or error.message)
        raise
    finally:
        for rank in ranks:
            rank.kill()
        for rank in ranks:
            rank.close()


def _variables(rank: int, count: int, port: int, threads: int) -> dict[str, str]:
    return {
        **import_variables(),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "NODE_RANK": "0",
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "OMP_NUM_THREADS": str(max(1, threads // count)),
    }


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _check(ranks: Sequence[LinkedProcess]) -> None:
    """Raise what ends the job, if anything does."""
    for rank in ranks:
        rank.read_reports()
        if signum := _stop_signal(rank):
            stop_by(signum)
    if not any(rank.process.poll() for rank in ranks):
        return
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline and any(rank.process.poll() is None for rank in ranks):
        time.sleep(_POLL_SECONDS)
    cause, *others = _errors(ranks)
    for error in others:
        if cause.traceback or not error.traceback:  # else most likely what followed from it
            log.error("Also: %s", error.message)
    if cause.traceback:
        log.error("%s", cause.traceback)
    raise ReIDError(cause.message)


def _stop_signal(rank: LinkedProcess) -> int | None:
    """The signal by which somebody stops the job, sent to this rank alone."""
    status = rank.process.poll() or 0
    ended_by = -status, status - 128  # before it could report it
    return next((s for s in (*rank.signals, *ended_by) if s in SIGNALS), None)


def _errors(ranks: Sequence[LinkedProcess]) -> list[RankError]:
    """The cause first: where one rank dies, others fail too, because their connection breaks."""
    killed, reported, silent = list[RankError](), list[RankError](), list[RankError]()
    for number, rank in enumerate(ranks):
        rank.read_reports()
        reported += rank.errors
        status = rank.process.poll() or 0
        if status < 0:
            name = signal.Signals(-status).name
            error = RankError(f"Rank {number} of the job was killed by {name}.", "", 0.0)
            # NCCL ends a process by SIGABRT when it has lost another.
            (silent if status == -signal.SIGABRT else killed).append(error)
        elif status > 0 and not rank.errors:
            message = f"Rank {number} of the job ended with exit status {status}."
            silent.append(RankError(message, "", 0.0))
    reported.sort(key=lambda error: (bool(error.traceback), error.at))
    return [*killed, *reported, *silent]
