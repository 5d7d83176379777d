"""SIGINT, SIGTERM and SIGHUP end a program soon, in order, and with exit status 128 + the signal.

Signal handlers belong to a process, and so does what this module remembers.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
STEP_SECONDS = 5.0  # that a deferred stop waits for the training step to end
_SAME_SECONDS = 1.0  # Ctrl-C and launchers signal a whole group, whose members pass it on

Listener = Callable[[int], None]


class Stopped(SystemExit):
    """Somebody stopped the program by a signal; its exit status says by which."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signum

    def __str__(self) -> str:
        return f"Stopped by {signal.Signals(self.signum).name}"


class _Handler:
    """What the signals of this process do."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.received: int | None = None
        self.at = 0.0  # when, in seconds of the monotonic clock
        self.deferred = False
        self.listeners: list[Listener] = []

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self.pid:  # forked: it is not this program that is stopped
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        repeated = self.received is not None
        if signum != signal.SIGALRM:
            if repeated and time.monotonic() - self.at < _SAME_SECONDS:
                return
            self.received, self.at = signum, time.monotonic()
            for listener in self.listeners:
                listener(signum)
        if self.deferred and not repeated:
            signal.setitimer(signal.ITIMER_REAL, STEP_SECONDS)
        else:
            self.stop()

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert self.received is not None
        raise Stopped(self.received)


_handler: _Handler | None = None


def _installed() -> _Handler | None:
    return _handler if _handler and _handler.pid == os.getpid() else None


@contextmanager
def stop_signals() -> Iterator[None]:
    """Raise `Stopped` in the main thread when a signal arrives, and once more when another does.

    A signal that is ignored already (as nohup does) stays so. A block within a block, and one in
    another thread, changes nothing.
    """
    global _handler
    if _installed() or threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _handler = _handler, _Handler()
    before = {signum: signal.signal(signum, _handler) for signum in (*_heard(), signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for signum, previous in before.items():
            signal.signal(signum, previous or signal.SIG_DFL)
        _handler = outer


@contextmanager
def exit_at_signals() -> Iterator[None]:
    """End this process at once when a signal arrives: while modules are imported.

    An exception in the middle of an import can leave a module half made, and be swallowed.
    """
    before = {s: signal.signal(s, lambda s, _: os._exit(128 + s)) for s in _heard()}
    try:
        yield
    finally:
        for signum, previous in before.items():
            signal.signal(signum, previous or signal.SIG_DFL)


def _heard() -> list[signal.Signals]:
    return [s for s in SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]


def received_signal() -> int | None:
    """The signal that stops this program, if there is one."""
    handler = _installed()
    return handler.received if handler else None


@contextmanager
def pass_signals_to(listener: Listener) -> Iterator[None]:
    """Call `listener` with each signal before it stops this program."""
    handler = _installed()
    if handler is None:
        yield
        return
    handler.listeners.append(listener)
    try:
        yield
    finally:
        handler.listeners.remove(listener)


def defer_stop() -> None:
    """From now on a signal stops the program at `stop_if_asked`, or after `STEP_SECONDS`."""
    if handler := _installed():
        handler.deferred = True


def allow_stop() -> None:
    """From now on a signal stops the program at once."""
    if handler := _installed():
        handler.deferred = False


def stop_if_asked() -> None:
    """Raise `Stopped` if a signal has arrived."""
    if (handler := _installed()) and handler.received is not None:
        handler.stop()
