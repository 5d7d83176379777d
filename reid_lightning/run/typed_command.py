"""How a command is typed here, for messages that tell a user what to type next."""

import sys
from pathlib import Path

_SCRIPTS = {
    "train": "python train.py",
    "evaluate": "python evaluate.py",
    "report": "python -m reid_lightning.report",
    "data": "reid data",
    "compare": "python -m reid_lightning.comparison",
}


def typed_command(name: str) -> str:
    """`python train.py` for who uses the scripts of a checkout, else `reid train`.

    Args:
        name: `train`, `evaluate`, `data`, `report` or `compare`.
    """
    program, checkout = Path(sys.argv[0]).resolve(), Path(__file__).parents[2].resolve()
    is_script = program.parent == checkout and f"python {program.name}" in _SCRIPTS.values()
    return _SCRIPTS[name] if is_script else f"reid {name}"
