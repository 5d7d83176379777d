"""metrics.json: what a run scored, and all that is needed to trust the figure."""

import json
import math
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeGuard

import torch

from reid_lightning import __version__
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_json, replaced_atomically
from reid_lightning.metrics.summary import SCORES
from reid_lightning.results.costs import COST_TITLES

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
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def arithmetic() -> dict[str, Any]:
    """What the last bits of a result depend on beside software: threads and the CPU's instructions.

    Sums are split among the threads of a process, and rounded as they are split.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    return {"threads": torch.get_num_threads(), "cpu_capability": capability}


def read_results(path: Path) -> dict[str, Any]:
    """What `write_results` wrote.

    Raises:
        ReIDError: the file cannot be read, or holds what it never writes.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.get("test/mAP") is None:
        raise ReIDError(f"{path} holds no results of a run: score the run again.")
    for name, value in content.items():
        if not _is_allowed(name, value):
            shown = str(value)[:40] if isinstance(value, (str, int, float)) else "no plain value"
            raise ReIDError(f"{path} cannot be used, because {name} is {shown}: score it again.")
    return content


def _is_allowed(name: str, value: object) -> bool:
    group, _, score = name.partition("/")
    if value is None:
        return True
    if group in ("test", "val"):
        return _is_number(value) and (score not in SCORES or 0 <= value <= 1)
    if name in ("seconds", "epochs"):
        return _is_number(value) and math.isfinite(value)
    if name in COST_TITLES:
        return _is_number(value) and 0 <= value < 2**63
    if name in ("validated_on", "monitor", "git_revision"):
        return isinstance(value, str)
    return isinstance(value, (str, bool, int, float))


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


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
