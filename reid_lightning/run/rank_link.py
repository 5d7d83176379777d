"""What joins a rank to its supervisor: it reports to it, and ends when the supervisor ends."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from reid_lightning.process import blocked_signals, unblock_signals

_SOCKET = "REID_SUPERVISOR_SOCKET"  # the number of the rank's end
_MOST_TEXT = 30_000  # characters of a text: a report must never wait for its reader


@dataclass(frozen=True)
class RankError:
    """What ended a rank.

    Args:
        message: what is wrong.
        traceback: of a bug; empty where the message is all that a user needs.
        at: when it happened, in seconds of the machine's monotonic clock.
    """

    message: str
    traceback: str
    at: float


class SupervisorLink:
    """The link as a rank sees it, which signals have waited for.

    When the supervisor ends, in whatever way, the rank ends with all processes of its group.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=int(os.environ.pop(_SOCKET)))
        threading.Thread(target=self._end_with_supervisor, daemon=True).start()
        unblock_signals()

    def report_signal(self, signum: int) -> None:
        """Tell the supervisor that somebody wants to stop the job."""
        self._send({"signal": signum})

    def report_error(self, message: str, traceback: str) -> None:
        """Tell the supervisor what ends this rank."""
        error = RankError(message[:_MOST_TEXT], traceback[-_MOST_TEXT:], time.monotonic())
        self._send({"error": asdict(error)})

    def _send(self, report: Mapping[str, object]) -> None:
        self._socket.sendall(json.dumps(report).encode() + b"\n")

    def _end_with_supervisor(self) -> None:
        with suppress(ConnectionResetError):  # it has not read all reports
            self._socket.recv(1)  # nothing is ever sent to a rank
        os.killpg(0, signal.SIGKILL)


class LinkedProcess:
    """The link as the supervisor sees it.

    The rank leads a process group, and its standard input is empty: it has no terminal.

    Args:
        command: of the rank.
        variables: of its environment, beside this process's own.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._text = b""
        self.signals: list[int] = []
        self.errors: list[RankError] = []
        with theirs, blocked_signals():
            self.process = subprocess.Popen(
                command,
                env=os.environ | variables | {_SOCKET: str(theirs.fileno())},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def read_reports(self) -> None:
        """Add what the rank has reported since to `signals` and `errors`, without waiting."""
        with suppress(OSError):  # nothing more now, or no rank any more
            while part := self._socket.recv(2**16):
                self._text += part
        *lines, self._text = self._text.split(b"\n")
        for report in map(json.loads, lines):
            if "signal" in report:
                self.signals.append(report["signal"])
            else:
                self.errors.append(RankError(**report["error"]))

    def kill(self) -> None:
        """End the rank, and what it has started, unless it has ended well."""
        if self.process.poll() != 0:
            with suppress(ProcessLookupError, PermissionError):  # all of them have ended
                os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Wait for the end of the rank."""
        self.process.wait()
        self._socket.close()
