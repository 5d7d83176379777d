"""metrics.json: what a run scored, and all that is needed to trust the figure."""

import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from reid_lightning import __version__
from reid_lightning.files import replaced_atomically

_PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core")


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Write results with the software's versions, the git revision and the CPU's arithmetic.

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
        **arithmetic(),
    }
    with replaced_atomically(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")


def arithmetic() -> dict[str, Any]:
    """What the last bits of a result depend on beside software: threads and the CPU's instructions.

    Sums are split among the threads of a process, and rounded as they are split.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    return {"threads": torch.get_num_threads(), "cpu_capability": capability}


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
