"""Tensors in a safetensors file, which holds nothing that could be run."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.files.atomic import replaced_atomically
from reid_lightning.files.kinds import not_a_file


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> str:
    """Write tensors, and return the SHA-256 of the file: the format has no checksum of its own.

    Raises:
        OSError: it cannot be written; what was there is kept.
    """
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    with replaced_atomically(path) as partial:
        partial.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read what `save_tensors` wrote.

    Raises:
        ReIDError: it cannot be read, or its bytes are not those of that SHA-256.
    """
    if reason := not_a_file(path):
        raise ReIDError(f"{path} cannot be read: {reason}.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReIDError(
            f"{path} is damaged, or of another model: its SHA-256 is not the one beside it."
        )
    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ReIDError(f"{path} cannot be read as a safetensors file: {reason}.") from error
