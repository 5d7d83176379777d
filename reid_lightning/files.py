"""Reading files without running code from them, and writing files atomically."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
import yaml

from reid_lightning.errors import ReIDError, disk_error


def load_file(path: Path) -> dict[str, Any]:
    """The content of a PyTorch file, without running code from it.

    Args:
        path: a file that `torch.save` wrote, such as weights or a checkpoint.

    Raises:
        ReIDError: the file cannot be read, is damaged, holds objects other than tensors and plain
            values, or is not a dict.
    """
    try:
        if zipfile.is_zipfile(path):  # else written before PyTorch 1.6, without checksums
            _check_records(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except ReIDError:
        raise
    except Exception as error:  # torch.load raises almost anything on a wrong file
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ReIDError(f"{path} cannot be read as a PyTorch file: {reason}") from error
    if not isinstance(content, dict):
        raise ReIDError(f"{path} holds a {type(content).__name__} instead of a dict of weights.")
    return content


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        ReIDError: the file cannot be read, or is damaged.
    """
    return _parsed(path, json.loads)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, of plain values alone.

    Raises:
        ReIDError: the file cannot be read, or is damaged.
    """
    return _parsed(path, yaml.safe_load)


def _parsed(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ReIDError(f"{path} is damaged, or cannot be read: {reason}") from error


def _check_records(path: Path) -> None:
    """Verify the checksums of a PyTorch file, which `torch.load` does not look at."""
    with zipfile.ZipFile(path) as file:
        damaged = file.testzip()
    if damaged:
        raise ReIDError(
            f"{path} is damaged: the checksum of {damaged} in it is wrong. Copy it from where it "
            "is whole, or write it again (with checksums, which torch.save can leave out)."
        )


def save_file(content: Mapping[str, Any], path: Path) -> None:
    """Write a PyTorch file that `load_file` reads.

    Raises:
        OSError: it cannot be written; what was there is kept.
    """
    # Opened here: of a path, torch would not say why it cannot be written.
    with replaced_atomically(path) as partial, partial.open("wb") as out:
        torch.save(content, out)


@contextmanager
def replaced_atomically(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, renamed to `path` when the block ends without an error.

    Until then, and after an error or a kill, `path` keeps its previous content.

    Raises:
        OSError: naming `path`, if it cannot be written.
    """
    partial = partial_path(path)
    try:
        with named_in_errors(path, partial):
            yield partial
            partial.replace(path)
    finally:
        with suppress(OSError):  # the disk has said already what is wrong
            partial.unlink(missing_ok=True)


@contextmanager
def named_in_errors(path: Path, *written: Path) -> Iterator[None]:
    """Have the errors of a disk name `path`: those of `write` and `close` name no file.

    Args:
        path: which the block writes, or is for.
        written: files that stand for it.

    Raises:
        OSError: naming `path`.
    """
    try:
        yield
    except Exception as error:
        cause = disk_error(error)
        if cause is None or cause.filename not in (None, *map(str, written)):
            raise
        raise OSError(cause.errno, cause.strerror, str(path)) from error


def partial_path(path: Path) -> Path:
    """Where `replaced_atomically` writes what will be at `path`."""
    return path.with_name(f"{path.name}.partial")
