"""Where processes that this program starts find its code."""

import os
from pathlib import Path


def python_path() -> str:
    """PYTHONPATH for other processes, which import this code even where it is not installed."""
    folders = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.pathsep.join(filter(None, folders))
