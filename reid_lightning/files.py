"""Reading files without running code from them, and writing files atomically."""

import csv
import json
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import torch
import yaml

from reid_lightning.errors import ReIDError, disk_error
from reid_lightning.file_kinds import content_kind, is_text, not_a_file
from reid_lightning.numpy_scalars import NUMPY_SCALARS

# Far more than a run leaves: a configuration has 10 kB.
_MOST_JSON, _MOST_YAML, _MOST_CSV = 2**20, 2**18, 2**26  # bytes
_MOST_NESTED = 50
_MOST_DIGITS = 100


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
            if zipfile.is_zipfile(path):  # else written before PyTorch 1.6, without checksums
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


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        ReIDError: the file cannot be read, is damaged, or is larger than any that a run leaves.
    """
    return _parsed(path, json.loads, _MOST_JSON)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, of plain values alone.

    Raises:
        ReIDError: as `read_json`, or it has aliases, with which a few lines describe gigabytes.
    """
    return _parsed(path, lambda text: yaml.load(text, Loader=_PlainLoader), _MOST_YAML)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, each by the names of its head.

    A last row that is not complete, as a kill leaves it, is left out.

    Raises:
        ReIDError: as `read_json`, or another row has more or fewer cells than the head.
    """

    def parse(text: str) -> list[dict[str, str]]:
        rows = list(csv.DictReader(text.splitlines(keepends=True)))
        if rows and None in rows[-1].values():
            rows.pop()
        for number, row in enumerate(rows, start=1):
            if None in row or None in row.values():
                raise ValueError(f"row {number} has other cells than the head")
        return rows

    rows: list[dict[str, str]] = _parsed(path, parse, _MOST_CSV)
    return rows


class _PlainLoader(yaml.SafeLoader):
    """Refuses aliases, deep nesting and endless numbers, none of which a run's files have."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*), which no file of a run has")
        if self.depth == _MOST_NESTED:
            raise RecursionError
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        match node:
            case yaml.ScalarNode(tag=tag, value=digits) if tag.endswith(":int"):
                if len(digits) > _MOST_DIGITS:
                    raise yaml.YAMLError("it has a number of very many digits")
        return node


def _parsed(path: Path, parse: Callable[[str], Any], most_bytes: int) -> Any:
    reason = not_a_file(path)
    if reason is None:
        try:
            if path.stat().st_size <= most_bytes:
                return parse(path.read_text(encoding="utf-8"))
            reason = f"it is larger than {most_bytes / 2**20:g} MiB"
        except RecursionError:
            reason = "it is nested too deeply"
        except OSError as error:
            reason = str(error)
        except Exception as error:  # parsers raise almost anything on a wrong file
            clear = isinstance(error, (ValueError, yaml.YAMLError, csv.Error))
            text = " ".join(str(error).partition(";")[0].split())[:200]
            reason = content_kind(path) or (text if clear else "its content makes no sense")
    raise ReIDError(f"{path} is damaged, or cannot be read: {reason.rstrip('.')}.")


def _no_torch_file(path: Path, reason: str) -> ReIDError:
    return ReIDError(f"{path} cannot be read as a PyTorch file: {reason}.")


def _why_no_weights(path: Path, error: Exception) -> str:
    """Our own words: torch's advise to load the file in a way that runs its code."""
    if isinstance(error, OSError):
        return str(error)
    if kind := content_kind(path) if not zipfile.is_zipfile(path) else None:
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
