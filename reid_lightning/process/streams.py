"""Standard streams that never end a command: closed ones, ASCII ones, and those nobody reads."""

import errno
import logging
import os
import sys
from pathlib import Path
from typing import Any, TextIO


def keep_streams() -> None:
    """Let a command go on whatever its standard output and error are; the log file has every line.

    What a stream's encoding lacks is written as an escape. A stream that is closed, or that
    nobody reads any more (`| head`), takes what is written and forgets it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _hold(number)
            nothing = Path(os.devnull).open("r+", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
            setattr(sys, name, nothing)
        elif number and stream is getattr(sys, f"__{name}__"):  # and nobody's own
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, _LastingStream(stream))
            _replace_in_log(stream, getattr(sys, name))
    logging.raiseExceptions = False  # a log that cannot be written, on a full disk, prints nothing


class _LastingStream:
    """A text stream that is forgotten at the first error of its file.

    Args:
        stream: of a file descriptor.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._end(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._end(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _end(self, error: OSError) -> None:
        _forget(self._stream.fileno())
        if error.errno != errno.EPIPE and self is not sys.stderr:
            print(f"Nothing more is written to {self._stream.name}: {error}", file=sys.stderr)


def _hold(descriptor: int) -> None:
    """Point a file descriptor at nothing if it is closed: else the next file opened becomes it."""
    try:
        os.fstat(descriptor)
    except OSError:
        _forget(descriptor)


def _forget(descriptor: int) -> None:
    """Point a file descriptor, of this process and of those that it starts, at nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != descriptor:
        os.dup2(nothing, descriptor)
        os.close(nothing)


def _replace_in_log(stream: TextIO, by: Any) -> None:
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
            handler.setStream(by)
