"""status.json: the state of a run or a sweep, written whenever it changes."""

import json
import os
import socket
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Literal, get_args

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_json, replaced_atomically

STATUS_FILE = "status.json"
State = Literal["running", "finished", "failed", "stopped"]


def write_status(folder: Path, state: State, **values: Any) -> None:
    """Replace the status of the run in `folder`; values that are not given stay as they were.

    Args:
        folder: of the run.
        state: `running`; `finished`: its results are written; `failed`: `message` says why;
            `stopped` by somebody.
        values: such as `message`, `epochs` and `steps`.
    """
    previous = read_status_file(folder)
    kept = {name: value for name, value in previous.items() if name != "message"}
    # A full disk must not hide why a run ends: that is reported, too.
    with suppress(OSError) if state in ("failed", "stopped") else nullcontext():
        _write(folder, kept | {"state": state} | this_process() | values)


def write_progress(folder: Path, **values: Any) -> None:
    """Add `values`, such as `epochs`, `steps` and `score`, to the status of a running run."""
    _write(folder, read_status_file(folder) | values)


def _write(folder: Path, values: dict[str, Any]) -> None:
    with replaced_atomically(folder / STATUS_FILE) as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def claim(folder: Path, **values: Any) -> bool:
    """Create an empty folder's status.json; false if another process was faster."""
    path = folder / STATUS_FILE
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    try:
        _write(folder, {"state": "running"} | this_process() | values)
    except OSError:
        path.unlink()
        raise
    return True


def read_status_file(folder: Path) -> dict[str, Any]:
    """The content of a run's status.json; empty where there is none that can be read."""
    try:
        return _read(folder)
    except ReIDError:
        return {}


def read_status(folder: Path) -> str:
    """`finished`, `unfinished`, or `failed: ` and the error.

    A run that was resumed to train for longer is unfinished until it is scored again. Runs without
    a status.json, of version 0.1, are finished if they have results.

    Raises:
        ReIDError: status.json cannot be read: whether results in the folder are the run's last is
            not known then.
    """
    status = _read(folder)
    if not status:
        return "finished" if os.path.lexists(folder / "metrics.json") else "unfinished"
    if status["state"] == "failed":
        return f"failed: {status.get('message', '')}"
    return "finished" if status["state"] == "finished" else "unfinished"


def _read(folder: Path) -> dict[str, Any]:
    path = folder / STATUS_FILE
    if not os.path.lexists(path):
        return {}
    content = read_json(path)
    if not isinstance(content, dict) or not _is_status(content):
        raise ReIDError(f"{path} is damaged: it does not say what state the run is in.")
    return content


def _is_status(content: dict[str, Any]) -> bool:
    process, host = content.get("process"), content.get("host")
    # A signal to process 0, 1 or -1 would end others.
    known = type(process) is int and 1 < process < 2**31 and isinstance(host, str)
    return content.get("state") in get_args(State) and known


def this_process() -> dict[str, Any]:
    """Where a run is."""
    return {"process": os.getpid(), "host": socket.gethostname()}
