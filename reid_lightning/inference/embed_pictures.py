"""Embed many pictures into a file, going on where it was stopped."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from reid_lightning.data.eval_batches import eval_batch_size, eval_batches
from reid_lightning.data.pictures import Picture, Unreadable, resize, try_decode, try_read
from reid_lightning.errors import ReIDError
from reid_lightning.inference.embedding_file import (
    EmbeddingFile,
    PictureKey,
    parts_folder,
    remove_empty_parts,
)
from reid_lightning.inference.embedding_model import EmbeddingModel
from reid_lightning.inference.embedding_table import (
    EmbeddingTable,
    EmbeddingType,
    FileVersion,
    MadeBy,
)
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.parallel import map_in_chunks

log = logging.getLogger(__name__)

OnUnreadable = Literal["error", "skip"]
_PICTURES_PER_PART = 8_192  # which a stop may lose


def embed_pictures(
    model: EmbeddingModel,
    pictures: Sequence[ListedPicture],
    out: Path,
    *,
    dtype: EmbeddingType = "float32",
    flip: bool = False,
    on_unreadable: OnUnreadable = "error",
    batch_size: int | None = None,
    part: int = _PICTURES_PER_PART,
) -> EmbeddingTable:
    """Embed pictures into the Parquet file `out`, and return what it holds then.

    Pictures that `out` holds are embedded again only if their files have changed. Until the end,
    new embeddings are kept in a folder beside it, so that another start goes on where one was
    stopped.

    Args:
        model: the network.
        pictures: in the order of the rows.
        out: the file; made if missing.
        dtype: of the embeddings.
        flip: embed a picture as the mean over it and its mirror image.
        on_unreadable: `error`, or `skip`: pictures that cannot be read are named and left out.
        batch_size: the most pictures that are embedded at a time; None: as the device needs.
        part: new pictures after which their embeddings are kept.

    Raises:
        ReIDError: `out` holds embeddings of another model, or of pictures that are not among these,
            or another process is writing it; or a picture cannot be read.
    """
    parts_folder(out).mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(parts_folder(out) / "lock", timeout=0):
            try:
                made_by = MadeBy(model.digest, model.height, model.width, flip, dtype)
                file = EmbeddingFile(out, made_by)
                return _embed_into(file, model, pictures, on_unreadable, batch_size, part)
            finally:
                remove_empty_parts(out)
    except Timeout as error:
        raise ReIDError(f"Another process is writing {out}: wait until it ends.") from error


def _embed_into(
    file: EmbeddingFile,
    model: EmbeddingModel,
    pictures: Sequence[ListedPicture],
    on_unreadable: OnUnreadable,
    batch_size: int | None,
    part: int,
) -> EmbeddingTable:
    file.check_keeps_all([p.picture for p in pictures])
    keys = [_key(p.picture) for p in pictures]
    unreadable = [key for key in keys if isinstance(key, Unreadable)]
    readable = dict.fromkeys(key for key in keys if isinstance(key, PictureKey))
    new = [key for key in readable if key not in file.known]
    with tqdm(total=len(new), unit=" pictures", disable=None, dynamic_ncols=True) as bar:
        for start in range(0, len(new), part):
            if unreadable and on_unreadable == "error":
                break
            some = new[start : start + part]
            embedded = _embed(model, some, file.made_by.flip, batch_size, bar)
            file.add({k: e for k, e in embedded.items() if isinstance(e, np.ndarray)})
            unreadable += [e for e in embedded.values() if isinstance(e, Unreadable)]
    _report(list(dict.fromkeys(unreadable)), on_unreadable)
    kept = [
        (picture, key)
        for picture, key in zip(pictures, keys, strict=True)
        if isinstance(key, PictureKey) and key in file.known
    ]
    if not kept:
        raise ReIDError("None of the pictures can be read.")
    return file.finish([p for p, _ in kept], [key for _, key in kept])


def _key(picture: Picture) -> PictureKey | Unreadable:
    status = try_read(picture.path, picture.path.stat)
    if isinstance(status, Unreadable):
        return status
    return PictureKey(picture, FileVersion(status.st_size, status.st_mtime_ns))


def _embed(
    model: EmbeddingModel,
    keys: Sequence[PictureKey],
    flip: bool,
    batch_size: int | None,
    bar: "tqdm[Any]",
) -> dict[PictureKey, np.ndarray | Unreadable]:
    """The embedding of each picture, or why it cannot be read."""

    def read(key: PictureKey) -> np.ndarray | Unreadable:
        picture = try_decode(key.picture)
        if isinstance(picture, Unreadable):
            return picture
        return resize(picture, model.height, model.width)

    decoded = map_in_chunks(read, keys, model.height * model.width * 3)
    embedded = dict[PictureKey, np.ndarray | Unreadable]()
    for batch in eval_batches(len(keys), eval_batch_size(batch_size, model.device)):
        found = {keys[index]: next(decoded) for index in batch}
        pixels = {key: x for key, x in found.items() if isinstance(x, np.ndarray)}
        if pixels:
            rows = model.embed_pixels(torch.from_numpy(np.stack([*pixels.values()])), flip=flip)
            found |= dict(zip(pixels, rows.numpy(), strict=True))
        embedded |= found
        bar.update(len(batch))
    return embedded


def _report(unreadable: Sequence[Unreadable], on_unreadable: OnUnreadable) -> None:
    """Name the pictures that cannot be read.

    Raises:
        ReIDError: there is one, and none may be left out.
    """
    lines = [f"{path} ({reason})" for path, reason in unreadable]
    if lines and on_unreadable == "error":
        count = "1 picture" if len(lines) == 1 else f"{len(lines):,} pictures"
        head = f"{count} cannot be read (on_unreadable=skip leaves out what cannot):"
        raise ReIDError("\n".join([head, *lines]))
    for line in lines:
        log.warning("Left out, it cannot be read: %s", line)
