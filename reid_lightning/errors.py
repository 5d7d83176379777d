"""The error that the user can correct, and its message."""

import errno
import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib.util import find_spec

# Which extra of pyproject.toml brings a package.
_EXTRAS = {
    "pytorch_metric_learning": "pml",
    "gradio": "serve",
    "joblib": "sweep",
    "optuna": "sweep",
    "submitit": "sweep",
    "timm": "timm",
    "onnx": "export",
    "onnxruntime": "export",
    "onnxscript": "export",
}
# What a disk says, perhaps without saying of which file, and what to do about it.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = (*_FULL, errno.EROFS, errno.EIO)
# What PyTorch says, and CUDA's libraries, where memory is too small; of the CPU's, too.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
_MEMORY = (
    "The memory is too small (%s): lower data.p or data.k if this was a training step, "
    "data.eval_batch_size if pictures were scored. Smaller pictures (data.height, data.width) and "
    "trainer.precision=bf16-mixed need less, too."
)
_FOLDERS = "a folder on another disk (keys: hydra.run.dir, data.cache, data.root)"


class ReIDError(Exception):
    """An error whose message says what is wrong, where, and what to do; shown without traceback."""


def unknown_name(name: str, names: Iterable[str], within: str = "") -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them.

    Args:
        name: as typed.
        names: the known ones.
        within: what stands before the names where they are typed, such as `loss.`.
    """
    known = sorted(names)
    if near := get_close_matches(name, known, n=1):
        return f"did you mean {within}{near[0]}?"
    return f"there are {', '.join(known)}." if known else "there are none."


def error_message(error: BaseException) -> str | None:
    """The message for the user if `error` is a `ReIDError`, or was caused by one; else None.

    So do memory that is too small, a disk that is full or refuses a file, and a package that is not
    installed: a configuration may name any package's classes. Only explicit causes (`raise … from
    …`) count for the last, and for files: an error inside an `except ModuleNotFoundError` block is
    an error of its own.
    """
    for cause in _causes(error, implicit=True):
        if isinstance(cause, ReIDError):
            # A DataLoader worker writes the traceback into the message, before the error's name.
            return str(cause).rsplit(f"{ReIDError.__name__}: ", 1)[-1].strip()
    if reason := memory_error(error):
        return _MEMORY % reason
    if (refused := disk_error(error)) is not None:
        return _disk_message(refused)
    for cause in _causes(error, implicit=False):
        if isinstance(cause, ModuleNotFoundError) and _is_not_installed(cause):
            extra = _EXTRAS.get(str(cause.name).partition(".")[0])
            install = f"pip install '.[{extra}]' brings it" if extra else "install it with pip"
            return (
                f"The Python package {cause.name} is not installed, and this configuration needs "
                f"it: {install}."
            )
    return None


def memory_error(error: BaseException) -> str:
    """What a memory says that was too small, the GPU's or the CPU's; empty of other errors."""
    for cause in _causes(error, implicit=True):
        is_torchs = isinstance(cause, RuntimeError) and any(t in str(cause) for t in _OUT_OF_MEMORY)
        if is_torchs or isinstance(cause, MemoryError):
            # The first two sentences: those that follow are about PyTorch's allocator.
            line = str(cause).partition("\n")[0]
            return ". ".join(line.split(". ")[:2]).rstrip(".") or type(cause).__name__
    return ""


def disk_error(error: BaseException) -> OSError | None:
    """The error of a disk, or of a file that can be named, that `error` is or follows from."""
    for cause in _causes(error, implicit=True):
        if isinstance(cause, OSError) and cause.errno in _DISK:
            return cause
        if isinstance(cause, RuntimeError) and os.strerror(errno.ENOSPC) in str(cause):
            return OSError(errno.ENOSPC, str(cause).strip().splitlines()[-1])  # torch's
    for cause in _causes(error, implicit=False):
        if isinstance(cause, OSError) and cause.errno and cause.filename is not None:
            return cause
    return None


def _disk_message(error: OSError) -> str:
    name = error.filename
    file = "A file" if name is None else os.fsdecode(name) if isinstance(name, bytes) else name
    if error.errno in _FULL:
        return f"{file} cannot be written ({error.strerror}): free space, or use {_FOLDERS}."
    return (
        f"{file} cannot be read or written ({error.strerror}): correct its path or its "
        f"permissions, or use {_FOLDERS}."
    )


def _causes(error: BaseException, *, implicit: bool) -> Iterator[BaseException]:
    """`error` and what caused it; with `implicit`, also what was handled when it was raised."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (cause.__context__ if implicit else None)


def _is_not_installed(error: ModuleNotFoundError) -> bool:
    """Whether the package is missing as a whole, and not a module of an installed one."""
    package = str(error.name).partition(".")[0]
    return error.name is not None and find_spec(package) is None
