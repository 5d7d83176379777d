"""Files that are read without running code, and written whole or not at all."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from reid_lightning.errors import ReIDError


def load_file(path: Path) -> dict[str, Any]:
    """What a weight file or checkpoint holds, read without running any code in it.

    Raises:
        ReIDError: it is no such file, or holds more than tensors and plain values.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        why = str(error).strip().splitlines()[0]
        raise ReIDError(f"{path} cannot be read as PyTorch weights: {why}") from error
    if not isinstance(content, dict):
        raise ReIDError(f"{path} holds a {type(content).__name__} and not a dict of weights.")
    return content


@contextmanager
def replaced_atomically(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it gets the name `path` when the block ends well.

    Until then readers find what was at `path` before, also after an error or a kill.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
