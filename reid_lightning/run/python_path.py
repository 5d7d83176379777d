"""Where this program finds its own code and the user's, and the processes that it starts too."""

import os
import sys
from pathlib import Path

_USERS_FOLDERS = "REID_IMPORT_FROM"


def import_users_modules() -> None:
    """Find modules in the working directory, and where the process that started this one does.

    So `_target_: my_loss.MyLoss` can name my_loss.py beside the pictures. These folders come last:
    no file in them hides another module (in the ranks of Python 3.10, one here can).
    """
    folders = [*os.environ.get(_USERS_FOLDERS, "").split(os.pathsep), str(Path.cwd())]
    sys.path += [folder for folder in dict.fromkeys(folders) if folder and folder not in sys.path]


def import_variables() -> dict[str, str]:
    """The environment of processes that find this code, even where it is not installed."""
    package = str(Path(__file__).parents[2])
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, dict.fromkeys([package, *before]))),
        "PYTHONSAFEPATH": "1",  # else `python -m` puts the working directory first
        _USERS_FOLDERS: os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path),
    }
