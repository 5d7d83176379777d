"""The code of another commit of this repository, to be timed beside this one's."""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sides import ROOT

_GIT = ["git", "-C", str(ROOT)]


def commit(revision: str) -> str:
    """A revision of the command line, if this repository has it."""
    command = [*_GIT, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        raise argparse.ArgumentTypeError(f"there is no commit {revision}")
    return revision


@contextmanager
def code_at(revision: str | None) -> Iterator[Path | None]:
    """The files of a commit, in a folder of their own; none of none."""
    if revision is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "code")
        add = ["worktree", "add", "--quiet", "--detach", str(folder), revision]
        subprocess.run([*_GIT, *add], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*_GIT, "worktree", "remove", "--force", str(folder)], check=True)
