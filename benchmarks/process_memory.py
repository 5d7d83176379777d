"""This process's memory in KiB, from Linux's /proc."""

import math
from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def can_reset_peak() -> bool:
    """Whether the system is a Linux that lets a process reset its peak."""
    return _CLEAR_REFS.exists()


def reset_peak() -> None:
    """Set the peak (`VmHWM`) to the memory in use now, where that is possible."""
    if can_reset_peak():
        _CLEAR_REFS.write_text("5")


def status_kib(key: str) -> float:
    """A line of /proc/self/status: `VmRSS`, `VmHWM` or `RssAnon`; NaN where there is none."""
    lines = _STATUS.read_text().splitlines() if _STATUS.exists() else []
    return next((float(line.split()[1]) for line in lines if line.startswith(key)), math.nan)
