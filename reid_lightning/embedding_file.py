"""Embeddings kept on disk, so that a checkpoint that is scored again embeds no picture again."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from reid_lightning.data.store import content_key

VERSION = 1  # of what the files hold; another one is another file


def embedding_file(
    folder: Path, checkpoint: Path, pictures: Sequence[Path], *, size: tuple[int, int], how: str
) -> Path:
    """The file of the embeddings of these pictures by this checkpoint: float32, a row a picture.

    Args:
        folder: of all such files.
        checkpoint: read for its bytes; so are the pictures.
        pictures: in the order of the rows.
        size: height and width of the network's input.
        how: what else the numbers depend on, such as the precision.
    """
    digest = hashlib.blake2b(f"{VERSION} {how}".encode(), digest_size=16)
    digest.update(hashlib.blake2b(checkpoint.read_bytes()).digest())
    digest.update(content_key(pictures, *size).encode())
    return folder.expanduser() / f"{digest.hexdigest()}.embeddings"


def mapped(file: Path, rows: int, size: int, *, shared: bool) -> Tensor:
    """The file as float32 [rows, size], in memory only where it is touched.

    Args:
        shared: what is written goes to the file, which is made if missing.
    """
    count = rows * size
    flat = torch.from_file(str(file), shared=shared, size=count, dtype=torch.float32)
    return flat.view(rows, size)
