"""Writing files: whole or not at all, and with errors that name them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reid_lightning.errors import disk_error


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
