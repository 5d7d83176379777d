"""PyTorch files: read without running code from them, and written atomically."""

import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from reid_lightning.errors import ReIDError
from reid_lightning.files.atomic import replaced_atomically
from reid_lightning.files.kinds import content_kind, is_text, is_zip, not_a_file
from reid_lightning.files.numpy_scalars import NUMPY_SCALARS


def load_file(path: Path) -> dict[str, Any]:
    """The content of a PyTorch file, without running code from it.

    Args:
        path: a file that `torch.save` wrote, such as weights or a checkpoint.

    Raises:
        ReIDError: the file cannot be read, is damaged, holds objects other than tensors and plain
            values (NumPy's numbers become plain ones), or is not a dict.
    """
    reason = not_a_file(path)
    if reason is None:
        try:
            if is_zip(path):  # else written before PyTorch 1.6, without checksums
                _check_records(path)
            allowed = torch.serialization.safe_globals(NUMPY_SCALARS)
            with allowed, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch asks for reports of old or odd files
                content = torch.load(path, map_location="cpu", weights_only=True)
        except ReIDError:
            raise
        except Exception as error:  # torch.load raises almost anything on a wrong file
            raise _no_torch_file(path, _why_no_weights(path, error)) from error
    else:
        raise _no_torch_file(path, reason)
    if not isinstance(content, dict):
        raise ReIDError(f"{path} holds a {type(content).__name__} instead of a dict of weights.")
    return content


def save_file(content: Mapping[str, Any], path: Path) -> None:
    """Write a PyTorch file that `load_file` reads.

    Raises:
        OSError: it cannot be written; what was there is kept.
    """
    # Opened here: of a path, torch would not say why it cannot be written.
    with replaced_atomically(path) as partial, partial.open("wb") as out:
        torch.save(content, out)


def _no_torch_file(path: Path, reason: str) -> ReIDError:
    return ReIDError(f"{path} cannot be read as a PyTorch file: {reason}.")


def _why_no_weights(path: Path, error: Exception) -> str:
    """Our own words: torch's advise to load the file in a way that runs its code."""
    if isinstance(error, OSError):
        return str(error)
    if kind := content_kind(path) if not is_zip(path) else None:
        return kind
    if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return (
            f"it holds a {found[1]}, and only tensors and plain values are read, since other "
            "objects can run code. Save the weights alone where it comes from: "
            "torch.save(model.state_dict(), FILE)"
        )
    if is_text(path):
        return "it is text"
    return "it is damaged, or torch.save did not write it"


def _check_records(path: Path) -> None:
    """Verify the checksums of a PyTorch file, which `torch.load` does not look at."""
    with zipfile.ZipFile(path) as file:
        records = file.infolist()
        names = {PurePosixPath(record.filename).name for record in records}
        if "data.pkl" not in names:
            raise _no_torch_file(path, "it is a zip archive without weights in it")
        if "constants.pkl" in names:
            raise _no_torch_file(path, "it is a TorchScript program, and its code is not run")
        packed = any(record.compress_type != zipfile.ZIP_STORED for record in records)
        if packed or sum(record.file_size for record in records) > path.stat().st_size:
            raise _no_torch_file(path, "its records are packed, as torch.save never does")
        damaged = file.testzip()
    if damaged:
        raise ReIDError(
            f"{path} is damaged: the checksum of {damaged} in it is wrong. Copy it from where it "
            "is whole, or write it again (with checksums, which torch.save can leave out)."
        )
