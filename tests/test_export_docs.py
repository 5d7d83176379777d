"""docs/export.md and docs/trackers.md: their commands are understood, and their program runs."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made_onnx import write_hand_made

from reid_lightning import export
from reid_lightning.run.function_command import read_arguments

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [path.read_text() for path in (DOCS / "export.md", DOCS / "trackers.md")]
COMMANDS = [c for page in PAGES for c in re.findall(r"^ *\$ reid export (.*)$", page, flags=re.M)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_export_is_understood(command: str) -> None:
    assert "checkpoint" in read_arguments("export", export, shlex.split(command))


def test_every_key_of_the_table_is_one() -> None:
    keys = re.findall(r"^\| `(\w+)=([^`]*)`", PAGES[0], flags=re.M)
    assert len(keys) == 7 and len(COMMANDS) == 3
    for key, value in keys:
        assert key in read_arguments("export", export, [f"{key}={value}"])


def test_the_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_hand_made(Path("model.onnx"))
    (program,) = re.findall(r"```python\n(.*?)```", PAGES[1], flags=re.S)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/trackers.md", "exec"), names)
    assert names["similarity"].shape == (2, 2)
    np.testing.assert_allclose(names["similarity"].diagonal(), 1, atol=1e-5)
