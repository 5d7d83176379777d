"""Every command has OpenMP's threads sleep soon while they wait, from before torch is loaded."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import importlib.abc, os, runpy, sys

class Torch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
            print(*[f"{n}={os.environ[n]}" for n in names if n in os.environ], flush=True)
            os._exit(0)

sys.meta_path.insert(0, Torch())
sys.argv = sys.argv[1:]
if sys.argv[0].endswith(".py"):
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
COMMANDS = {
    "train.py": [str(ROOT / "train.py")],
    "evaluate.py": [str(ROOT / "evaluate.py")],
    "a rank": ["reid_lightning.run", "train"],
    "reid": ["reid", "train"],
}


@pytest.mark.parametrize("own", ["", "OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=7"])
@pytest.mark.parametrize("command", COMMANDS)
def test_waiting_threads_sleep_unless_the_user_says_otherwise(
    command: str, own: str, tmp_path: Path
) -> None:
    (tmp_path / "reid.py").write_text("from reid_lightning.run.command import main\nmain()\n")
    variables = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {k: v for k, v in os.environ.items() if k not in variables}
    environment |= [own.split("=")] if own else []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *COMMANDS[command]],
            env=environment
            | {"PYTHONPATH": f"{ROOT}:{tmp_path}", "REID_SUPERVISOR_SOCKET": str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            capture_output=True,
            text=True,
        )
    assert done.stdout == f"{own or 'GOMP_SPINCOUNT=3500'}\n", done.stderr
