"""Embeddings kept on disk, so that a model that is scored again embeds no picture again."""

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import reid_lightning.data.augmentation.to_input
from reid_lightning import models
from reid_lightning.data.content_key import content_key
from reid_lightning.data.pictures import Picture
from reid_lightning.errors import ReIDError
from reid_lightning.files import is_intact

VERSION = 2  # of the files' content; files of other versions are not found
_FLOAT32_BYTES = 4
_NETWORKS_OF = ("torchvision", "timm", "onnxruntime")  # packages that compute them
_TO_INPUT = Path(reid_lightning.data.augmentation.to_input.__file__)
_MODELS = Path(models.__file__).parent


def embedding_file(
    folder: Path,
    model: bytes,
    pictures: Sequence[Picture],
    *,
    size: tuple[int, int],
    device: str,
    precision: str,
    flip: bool,
    network: Path,
) -> Path:
    """The file of the embeddings of these pictures by this model: float32, a row a picture.

    A checksum follows the rows.

    Its name depends on all that the numbers depend on, so that another file is never taken for it.

    Args:
        folder: of all such files; created if missing.
        model: a digest of its weights and of its options.
        pictures: in the order of the rows; their content counts.
        size: height and width of the network's input.
        device: the hardware that computes them: `cpu`, or the model of the GPU.
        precision: of the trainer.
        flip: whether they are averaged over a picture and its mirror image.
        network: the file that its constructor stands in, which may be a user's own.

    Raises:
        ReIDError: the folder cannot be created, or a picture cannot be read.
    """
    versions = " ".join([torch.__version__, *map(_version, _NETWORKS_OF)])
    settings = f"{VERSION} {versions} {device} {precision} {flip}"
    digest = hashlib.blake2b(settings.encode(), digest_size=16)
    for source in (_TO_INPUT, *sorted(_MODELS.rglob("*.py")), network):
        digest.update(source.read_bytes())  # after a change of the network's code, embed again
    digest.update(model)
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


def holds_embeddings(file: Path, rows: int, size: int) -> bool:
    """Whether the file exists with all its rows, and its checksum is right."""
    return is_intact(file, rows * size * _FLOAT32_BYTES)


def reserve(file: Path, rows: int, size: int) -> None:
    """Create the file with NaN in every row, for the processes that will fill it.

    Raises:
        ReIDError: the disk is full.
    """
    need, row = rows * size * _FLOAT32_BYTES, np.full(size, np.nan, np.float32).tobytes()
    try:
        with file.open("wb") as out:  # to map a file that the disk cannot hold ends the process
            for _ in range(rows):
                out.write(row)
    except OSError as error:
        raise ReIDError(
            f"{need / 2**30:.2g} GiB of embeddings do not fit on the disk of {file.parent} "
            f"({error.strerror}): set data.cache to another folder."
        ) from error


def mapped(file: Path, rows: int, size: int, *, shared: bool) -> Tensor:
    """The file as float32 [rows, size], memory-mapped.

    Args:
        file: of `reserve`.
        rows, size: of the embeddings.
        shared: whether what is written to the tensor goes to the file.
    """
    flat = np.memmap(file, np.float32, "r+" if shared else "c", shape=(rows, size))
    return torch.from_numpy(flat)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
