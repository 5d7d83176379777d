"""Signals while a program starts, before it can stop in order."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

if sys.platform == "win32":
    raise ImportError("reid-lightning stops runs by signals that Windows lacks: use it in WSL.")

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextmanager
def exit_at_signals() -> Iterator[None]:
    """End this process at once when a signal arrives: while modules are imported.

    An exception in the middle of an import can leave a module half made, and be swallowed.
    """
    before = {s: signal.signal(s, lambda s, _: os._exit(128 + s)) for s in heard_signals()}
    try:
        yield
    finally:
        restore(before)


@contextmanager
def blocked_signals() -> Iterator[None]:
    """Have signals to this thread, and to processes that it starts in the block, wait.

    Python's own start, of some 30 ms, answers a SIGINT as it answers errors. A process that was
    started in the block calls `unblock_signals`.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Take the signals that have waited since this process was started, and others at once."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def heard_signals() -> list[signal.Signals]:
    """Those that are not ignored already, as nohup does."""
    return [s for s in SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]


def restore(handlers: Mapping[signal.Signals, Any]) -> None:
    """Put back the handlers that were there before."""
    for signum, handler in handlers.items():
        signal.signal(signum, handler or signal.SIG_DFL)
