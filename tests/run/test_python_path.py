"""What is found in the working directory, and by whom."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from reid_lightning.run.python_path import import_users_modules, import_variables

PRINT = """
from reid_lightning.run.python_path import import_users_modules
import_users_modules()
import mine, theirs, random
print(mine.__file__, theirs.__file__, random.__file__)
"""


def test_other_processes_find_the_users_modules_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the working directory, and what a script finds beside it; none hides another."""
    here, beside = tmp_path / "here", tmp_path / "beside"
    for file in (here / "mine.py", here / "random.py", beside / "theirs.py"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", [str(beside), *sys.path])
    import_users_modules()
    assert sys.path[0] == str(beside) and sys.path[-1] == str(here)
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        env=os.environ | import_variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    files = [here / "mine.py", beside / "theirs.py"]
    expected = [*map(str, files), random.__file__]
    if sys.version_info >= (3, 11):  # 3.10 has no PYTHONSAFEPATH
        assert done.stdout.split() == expected
