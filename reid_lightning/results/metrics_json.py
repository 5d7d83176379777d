"""metrics.json: what a run scored, and all that is needed to trust the figure."""

import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core")


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Write `results` (flat) with the software's versions and the git revision to `path`."""
    versions = {f"version/{name}": version(name) for name in _PACKAGES}
    told = {
        **results,
        **versions,
        "version/python": platform.python_version(),
        "git_revision": git_revision(),
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(told, indent=2) + "\n")
    partial.replace(path)


def git_revision() -> str | None:
    """The revision of the code that runs, `-dirty` where it was changed since; none outside git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
