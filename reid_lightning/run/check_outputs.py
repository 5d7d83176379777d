"""Whether a run can write what its callbacks and loggers are to write: found before it trains."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities import rank_zero_only

from reid_lightning.engine.callbacks import LastCheckpoint
from reid_lightning.errors import ReIDError

log = logging.getLogger(__name__)

_NOT_RESUMED = (
    "callbacks.%s.path=%s is not where resume= looks for a run's last checkpoint (%s): a resumed "
    "run would start over."
)


@rank_zero_only
def check_outputs(trainer: pl.Trainer, callbacks: Mapping[str, pl.Callback], folder: Path) -> None:
    """Try every folder that is written to, and look for files that are written twice.

    Args:
        trainer: of the run.
        callbacks: those of the configuration, by their names there.
        folder: of the run.

    Raises:
        ReIDError: a folder cannot be written, or two callbacks write one checkpoint.
    """
    folders = list(_folders(trainer, callbacks))
    writers: dict[Path, str] = {}
    for key, file in _checkpoints(callbacks):
        if file.suffix != ".ckpt" or file.is_dir():
            raise ReIDError(f"{key}={file} must be the path of a .ckpt file.")
        if (other := writers.setdefault(file.resolve(), key)) != key:
            raise ReIDError(f"{other} and {key} both write {file}: give each a file of its own.")
        folders.append((key, file.parent))
    for key, written in folders:
        try:
            written.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=written):
                pass
        except (OSError, ValueError) as error:  # ValueError: of a path that no disk has
            reason = getattr(error, "strerror", None) or error
            raise ReIDError(
                f"{key}: the folder {written} cannot be written ({reason}): choose another one, or "
                "correct its permissions."
            ) from error
    resumed = folder / "checkpoints" / "last.ckpt"
    for name, callback in callbacks.items():
        if isinstance(callback, LastCheckpoint) and not _is_same(callback.path, resumed):
            log.warning(_NOT_RESUMED, name, callback.path, resumed)


def _is_same(path: str | Path, other: Path) -> bool:
    return Path(path).resolve() == other.resolve()


def _folders(trainer: Any, callbacks: Mapping[str, pl.Callback]) -> Iterator[tuple[str, Path]]:
    """The folders that are written to, with their keys."""
    writers: list[tuple[str, Any, tuple[str, ...]]] = [
        *((f"callbacks.{name}", c, ("dirpath", "folder")) for name, c in callbacks.items()),
        *(("logger", logger, ("save_dir", "log_dir")) for logger in trainer.loggers),
        ("trainer.profiler", trainer.profiler, ("dirpath",)),
    ]
    for name, writer, attributes in writers:
        for attribute in attributes:
            if isinstance(path := getattr(writer, attribute, None), str | Path):
                yield f"{name}.{attribute}", Path(path)


def _checkpoints(callbacks: Mapping[str, pl.Callback]) -> Iterator[tuple[str, Path]]:
    """The checkpoint files whose names are known beforehand, by their keys."""
    for name, callback in callbacks.items():
        if isinstance(callback, LastCheckpoint):
            yield f"callbacks.{name}.path", Path(callback.path)
        if isinstance(callback, ModelCheckpoint):
            folder, file_name = Path(callback.dirpath or ""), callback.filename or ""
            if "/" in file_name:
                raise ReIDError(
                    f"callbacks.{name}.filename={file_name} must be a name without a slash, also "
                    f"in the metrics that it names: a folder is set by callbacks.{name}.dirpath."
                )
            if callback.dirpath and file_name and "{" not in file_name:
                yield f"callbacks.{name}.filename", folder / f"{file_name}{callback.FILE_EXTENSION}"
            if callback.dirpath and callback.save_last:
                last = f"{callback.CHECKPOINT_NAME_LAST}{callback.FILE_EXTENSION}"
                yield f"callbacks.{name}.save_last", folder / last
