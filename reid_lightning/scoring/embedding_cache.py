"""Embeddings kept on disk, so that a checkpoint that is scored again embeds no picture again."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

import reid_lightning.data.augmentation.to_input
from reid_lightning import models
from reid_lightning.data.store import content_key
from reid_lightning.errors import ReIDError

VERSION = 1  # of what the files hold; another one is another file
_BYTES = 4  # of a float32
normalise = Path(reid_lightning.data.augmentation.to_input.__file__)


def embedding_file(
    folder: Path, checkpoint: Path, pictures: Sequence[Path], *, size: tuple[int, int], how: str
) -> Path:
    """The file of the embeddings of these pictures by this checkpoint: float32, a row a picture.

    Args:
        folder: of all such files; made if missing.
        checkpoint: read for its bytes; so are the pictures.
        pictures: in the order of the rows.
        size: height and width of the network's input.
        how: what else the numbers depend on, such as the precision.

    Raises:
        ReIDError: the folder cannot be made, or a picture cannot be read.
    """
    digest = hashlib.blake2b(f"{VERSION} {torch.__version__} {how}".encode(), digest_size=16)
    for source in (normalise, *sorted(Path(models.__file__).parent.rglob("*.py"))):
        digest.update(source.read_bytes())  # whoever changes the network embeds anew
    digest.update(hashlib.blake2b(checkpoint.read_bytes()).digest())
    digest.update(content_key(pictures, *size).encode())
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReIDError(
            f"The folder of embeddings {folder} (data.cache) cannot be made ({error}): set "
            "data.cache to another folder."
        ) from error
    return folder / f"{digest.hexdigest()}.embeddings"


def is_made(file: Path, rows: int, size: int) -> bool:
    """Whether the file is there, and whole."""
    return file.is_file() and file.stat().st_size == rows * size * _BYTES


def reserve(file: Path, rows: int, size: int) -> None:
    """Make the file anew, NaN in every row that nobody will have written.

    Raises:
        ReIDError: the disk is full.
    """
    file.unlink(missing_ok=True)
    need, free = rows * size * _BYTES, shutil.disk_usage(file.parent).free
    if need > free:  # writing to the mapped file would end the process without a word
        raise ReIDError(
            f"{need / 2**30:.2g} GiB of embeddings do not fit on the disk of {file.parent} "
            f"({free / 2**30:.2g} GiB are free): set data.cache to another folder."
        )
    mapped(file, rows, size, shared=True).fill_(torch.nan)


def mapped(file: Path, rows: int, size: int, *, shared: bool) -> Tensor:
    """The file as float32 [rows, size], in memory only where it is touched.

    Args:
        shared: what is written goes to the file, which is made if missing.
    """
    count = rows * size
    flat = torch.from_file(str(file), shared=shared, size=count, dtype=torch.float32)
    return flat.view(rows, size)
