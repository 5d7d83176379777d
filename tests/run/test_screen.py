"""A training and a sweep as a user of a terminal sees them."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLUMNS = 80


def on_terminal(*arguments: str, cwd: Path, stop_at: str = "") -> tuple[int, str]:
    """The exit status of train.py and all that it writes; Ctrl-C is typed when `stop_at` is."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        cwd=cwd,
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=_of_this_terminal,
    )
    os.close(slave)
    written, deadline, stopped = b"", time.monotonic() + 300, False
    while time.monotonic() < deadline:
        if select.select([master], [], [], 1.0)[0]:
            try:
                written += os.read(master, 65536)
            except OSError:  # the program has ended
                break
            if stop_at and not stopped and stop_at in written.decode(errors="ignore"):
                stopped = bool(os.write(master, b"\x03"))
    os.close(master)
    return process.wait(60), written.decode()


def _of_this_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it


def lines(written: str) -> list[str]:
    """What stands in every line after all its changes: a carriage return begins one anew."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "\n", written.replace("^C", "").replace("\r\n", "\n"))
    states = [state for line in plain.split("\n") for state in line.split("\r")]
    return [state.rstrip() for state in states]


def test_no_bar_wraps_and_ctrl_c_leaves_one_sentence(
    tiny_overrides: list[str], tmp_path: Path
) -> None:
    long = ["trainer.max_epochs=500", "hydra.run.dir=run", f"data.cache={tmp_path}/cache"]
    status, written = on_terminal(*tiny_overrides, *long, cwd=tmp_path, stop_at="epoch 2/500 |")
    shown = lines(written)
    assert status == 130, written
    bars = [line for line in shown if " |" in line and re.search(r"\| \d+/", line)]
    assert max(map(len, bars)) == COLUMNS - 1
    assert {bar.split(" |")[0] for bar in bars} >= {
        *("decoding pictures", "validation", "epoch 1/500", "epoch 2/500")
    }
    assert any(re.match(r"\[\d\d:\d\d:\d\d\] epoch 1/500 · loss \d", line) for line in shown)
    (end,) = [n for n, line in enumerate(shown) if "Stopped by SIGINT." in line]
    assert "continues the run" in "".join(shown[end:]) and "Traceback" not in written
    log = (tmp_path / "run" / "train.log").read_text()
    assert re.search(r"^\[20\d\d-.*\] epoch 1/500 · loss", log, re.MULTILINE)
    assert "\x1b" not in log and "\r" not in log and "|" not in log


@pytest.mark.slow
def test_a_sweep_says_where_it_is(tiny_overrides: list[str], tmp_path: Path) -> None:
    jobs = ["-m", "loss=hard,softmax", "optimizer.lr=1e-3,1e9", "hydra.sweep.dir=sweep"]
    status, written = on_terminal(*jobs, *tiny_overrides, cwd=tmp_path)
    shown = lines(written)
    assert status == 1 and "HYDRA" not in written, written
    begun = [line for line in shown if "] Job " in line]
    named = [re.sub(r".*\] (.*?)( \(about .* left\))?$", r"\1", line) for line in begun]
    assert named == [
        "Job 1 of 4: loss=hard, optimizer.lr=0.001",
        "Job 2 of 4: loss=hard, optimizer.lr=1000000000.0",
        "Job 3 of 4: loss=softmax, optimizer.lr=0.001",
        "Job 4 of 4: loss=softmax, optimizer.lr=1000000000.0",
    ]
    assert ["about" in line for line in begun] == [False, True, True, True]
    assert written.count("Training on: ") == 1 and written.count("Error: optimizer.lr=1") == 2
