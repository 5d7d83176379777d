"""A command goes on, and its log file has every line, whatever its standard streams are."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging, os, sys
from reid_lightning.process import keep_streams

logging.basicConfig(level="INFO", handlers=[logging.StreamHandler(sys.stdout)])
logging.getLogger().addHandler(logging.FileHandler("log", encoding="utf-8"))
keep_streams()
keep_streams()
for number in range(5000):
    logging.info("loss · 0.5 · %d", number)
    print("· \\udcff", number)
    print("· \\udcff", number, file=sys.stderr)
open("free", "w").fileno() > 2 or sys.exit("a file has the number of a stream")
"""


@pytest.mark.parametrize(
    "streams",
    [
        "",
        ">&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
        "| head -1",
        "2>&1 | head -0",
        "&>/dev/full",
    ],
)
def test_every_line_is_in_the_log(streams: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} program.py {streams}"],
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5000 and lines[-1] == "loss · 0.5 · 4999"


def test_a_stream_that_is_full_is_named(tmp_path: Path) -> None:
    program = "from reid_lightning.process import keep_streams; keep_streams(); print('x' * 9999)"
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{program}" > /dev/full'],
        capture_output=True,
        text=True,
    )
    assert done.stderr.startswith("Nothing more is written to <stdout>: [Errno 28] No space left")


@pytest.mark.parametrize("command", ["", "--version", "train --help"])
def test_help_into_head(command: str) -> None:
    program = "import sys; from reid_lightning.run.command import main; main()"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'{sys.executable} -c "{program}" {command} | head -1'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout and not done.stderr
