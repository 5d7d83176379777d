"""What a command does about its process: its signals, its streams, and the cores that it shares."""

from reid_lightning.process.cores import share_cores
from reid_lightning.process.starting import (
    SIGNALS,
    blocked_signals,
    exit_at_signals,
    unblock_signals,
)
from reid_lightning.process.stopping import (
    Stopped,
    allow_stop,
    begin_stop,
    defer_stop,
    pass_signals_to,
    received_signal,
    stop_by,
    stop_signals,
)
from reid_lightning.process.streams import keep_streams

__all__ = [
    "SIGNALS",
    "Stopped",
    "allow_stop",
    "begin_stop",
    "blocked_signals",
    "defer_stop",
    "exit_at_signals",
    "keep_streams",
    "pass_signals_to",
    "received_signal",
    "share_cores",
    "stop_by",
    "stop_signals",
    "unblock_signals",
]
