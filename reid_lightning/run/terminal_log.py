"""The log as a terminal shows it: the time of day, and lines that end between words."""

import logging
import shutil
import sys
import textwrap

_TIME = "[%H:%M:%S] "


class TerminalFormatter(logging.Formatter):
    """Indents what does not fit in a line; a table stands alone, without a time.

    Log files, and streams that no terminal shows, have whole lines with the date.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s%(message)s", _TIME)

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        if record.getMessage().startswith("\n"):
            return record.getMessage()
        first, *others = super().format(record).split("\n")
        wrapped = textwrap.fill(
            first,
            width=shutil.get_terminal_size().columns,
            subsequent_indent=" " * len(self.formatTime(record, _TIME)),
            break_long_words=False,
            break_on_hyphens=False,
        )
        return "\n".join([wrapped, *others])


def shape_log_for_terminal() -> None:
    """Have what this process logs to a terminal shaped for it."""
    for handler in logging.root.handlers:
        stream = getattr(handler, "stream", None)
        if stream in (sys.stdout, sys.stderr) and stream.isatty():
            handler.setFormatter(TerminalFormatter())
