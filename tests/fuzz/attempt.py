"""What an example ends in, which must be soon: a result, or a sentence about what is wrong."""

import faulthandler
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import pytest

from reid_lightning.errors import error_message

T = TypeVar("T")
_SECONDS = 60  # for what takes milliseconds on a quiet machine


class Refused(NamedTuple):
    """The sentence that something ended with."""

    message: str


def attempt(
    run: Callable[[], T], message_of: Callable[[BaseException], str | None] = error_message
) -> T | Refused:
    """The result of `run`, or the sentence that it ends with; any other error is raised.

    Args:
        run: what is tried.
        message_of: an error's message for the user; None of a bug.
    """
    with _in_time():
        try:
            return run()
        except Exception as error:
            message = message_of(error)
            if message is None:
                raise
    assert message.strip() and "Traceback" not in message
    return Refused(message)


@contextmanager
def _in_time() -> Iterator[None]:
    def fail(*_: object) -> None:
        pytest.fail(f"no end after {_SECONDS} s")  # which is no Exception that a reader handles

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    faulthandler.dump_traceback_later(2 * _SECONDS, exit=True)  # where Python's handler waits
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
