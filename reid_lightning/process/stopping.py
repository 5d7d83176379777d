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
from typing import NoReturn

from reid_lightning.process.starting import heard_signals, restore

STEP_SECONDS = 5.0  # that a deferred stop waits for the training step to end
_SAME_SECONDS = 1.0  # Ctrl-C and launchers signal a whole group, whose members pass it on
_STOPPING_SECONDS = 10.0  # that the end of a step and its checkpoint are not disturbed
_RETRY_SECONDS = 0.05

Listener = Callable[[int], None]


class Stopped(SystemExit):
    """Somebody stopped the program by a signal; its exit status says by which."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signum

    def __reduce__(self) -> tuple[type["Stopped"], tuple[int]]:
        return Stopped, (self.signum,)  # joblib sends it from a job's process

    def __str__(self) -> str:
        return f"Stopped by {signal.Signals(self.signum).name}"


class _Handler:
    """What the signals of this process do."""

    def __init__(self, stops: bool) -> None:
        self.pid, self.stops = os.getpid(), stops
        self.received: int | None = None
        self.at = 0.0  # when, in seconds of the monotonic clock
        self.deferred = False
        self.stopping = False  # after this step: nothing but time hurries it
        self.listeners: list[Listener] = []

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self.pid:  # forked: it is not this program that is stopped
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
        elif signum == signal.SIGALRM:
            self.stop(frame)
        elif not self._is_same():
            self.received, self.at, self.stopping = signum, time.monotonic(), self.deferred
            if self.stopping and self.stops:
                signal.setitimer(signal.ITIMER_REAL, STEP_SECONDS)
            for listener in self.listeners:
                listener(signum)
            if self.stops and not self.stopping:
                self.stop(frame)

    def _is_same(self) -> bool:
        patience = _STOPPING_SECONDS if self.stopping else _SAME_SECONDS
        return self.received is not None and time.monotonic() - self.at < patience

    def stop(self, frame: FrameType | None = None) -> None:
        """Raise `Stopped`, but not in a destructor, which would swallow it."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        while frame is not None:
            if frame.f_code.co_name == "__del__":
                signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
                return
            frame = frame.f_back
        assert self.received is not None
        raise Stopped(self.received)


_handler: _Handler | None = None


def _installed() -> _Handler | None:
    return _handler if _handler and _handler.pid == os.getpid() else None


@contextmanager
def stop_signals(*, stops: bool = True) -> Iterator[None]:
    """Raise `Stopped` in the main thread when a signal arrives, and once more when another does.

    A signal that is ignored already (as nohup does) stays so. A block within a block, and one in
    another thread, changes nothing.

    Args:
        stops: false: signals only reach `received_signal` and what `pass_signals_to` names.
    """
    global _handler
    if _installed() or threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _handler = _handler, _Handler(stops)
    before = {
        signum: signal.signal(signum, _handler) for signum in (*heard_signals(), signal.SIGALRM)
    }
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        restore(before)
        _handler = outer


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


def received_signal() -> int | None:
    """The signal that stops this program, if there is one."""
    handler = _installed()
    return handler.received if handler else None


def defer_stop() -> None:
    """From now on a signal stops the program after `STEP_SECONDS`, if nothing has until then."""
    if handler := _installed():
        handler.deferred = True


def allow_stop() -> None:
    """From now on a signal stops the program at once."""
    if handler := _installed():
        handler.deferred = handler.stopping = False
        signal.setitimer(signal.ITIMER_REAL, 0)


def begin_stop(signum: int) -> None:
    """Save now: the signal that this or another process got is being answered."""
    if handler := _installed():
        handler.received, handler.at, handler.stopping = signum, time.monotonic(), True
        signal.setitimer(signal.ITIMER_REAL, 0)


def stop_by(signum: int) -> NoReturn:
    """Stop this program as if it had got the signal itself.

    Raises:
        Stopped: always.
    """
    if handler := _installed():
        handler(signum, None)
    raise Stopped(signum)
