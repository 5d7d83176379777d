"""status.json: the state of a run or a sweep, written whenever it changes."""

import json
import os
import socket
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
    with replaced_atomically(folder / STATUS_FILE) as partial:
        partial.write_text(
            json.dumps(kept | {"state": state} | this_process() | values, indent=2) + "\n"
        )


def write_progress(folder: Path, **values: Any) -> None:
    """Add `values`, such as `epochs`, `steps` and `score`, to the status of a running run."""
    with replaced_atomically(folder / STATUS_FILE) as partial:
        partial.write_text(json.dumps(read_status_file(folder) | values, indent=2) + "\n")


def claim(folder: Path, **values: Any) -> bool:
    """Create an empty folder's status.json; false if another process was faster."""
    try:
        with (folder / STATUS_FILE).open("x") as file:
            file.write(json.dumps({"state": "running"} | this_process() | values, indent=2) + "\n")
    except FileExistsError:
        return False
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
