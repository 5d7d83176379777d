"""A terminal of some width in place of the standard output, and what is written to it."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Terminal:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def lines(self) -> list[str]:
        """Every state of every line, each without control characters and what is blank."""
        plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "\n", self.text)
        return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


@contextmanager
def terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Make `sys.stdout` a terminal."""
    shown, (master, slave) = Terminal(), pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    parts: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(master, 65536):
                parts.append(part)
        except OSError:  # its other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        with os.fdopen(slave, "w", encoding="utf-8") as stream:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "__stdout__", stream)
            yield shown
    reader.join()
    os.close(master)
    shown.text = b"".join(parts).decode()
