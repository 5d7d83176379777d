"""metrics.json: what a run scored, and all that is needed to trust the figure."""

import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reid_lightning import __version__
from reid_lightning.files import replaced_atomically

_PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core")


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Write results with the software's versions and the git revision.

    Args:
        path: of the file; replaced if it exists.
        results: flat, of plain values.
    """
    content = {
        **results,
        **{f"version/{name}": version(name) for name in _PACKAGES},
        "version/python": platform.python_version(),
        "version/reid-lightning": __version__,
        "git_revision": git_revision(),
    }
    with replaced_atomically(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def git_revision() -> str | None:
    """The git revision of the running code, `-dirty` if it was changed since; None outside git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        completed = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return completed.stdout.strip()
