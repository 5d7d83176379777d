"""The embeddings of a gallery that is searched, kept for the next search."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from reid_lightning.errors import ReIDError
from reid_lightning.inference import EmbeddingModel
from reid_lightning.inference.embed_pictures import embed_pictures
from reid_lightning.inference.embedding_parquet import holds_embeddings, read_table
from reid_lightning.inference.embedding_table import EmbeddingTable, MadeBy
from reid_lightning.inference.picture_list import list_all


def load_gallery(
    model: EmbeddingModel,
    source: str | Path | Sequence[str | Path],
    *,
    flip: bool = False,
    cache: str | Path | None = None,
    batch_size: int | None = None,
) -> EmbeddingTable:
    """The gallery's embeddings: of a file of them, or of pictures, kept in the cache.

    Args:
        model: by which they are, or were, embedded.
        source: a file that `embed` has written, or pictures, see `list_all`.
        flip: whether an embedding is the mean over a picture and its mirror image.
        cache: the folder that they are kept in; None: REID_CACHE, or ~/.cache/reid-lightning.
        batch_size: the most pictures that are embedded at a time; None: as the device needs.

    Raises:
        ReIDError: they are of another model, or a picture cannot be read.
    """
    made_by = MadeBy(model.digest, model.height, model.width, flip, "float32")
    if isinstance(source, str | Path) and holds_embeddings(path := Path(source).expanduser()):
        table = read_table(path)
        table.made_by.check(path, made_by._replace(dtype=table.made_by.dtype))
        if table.embeddings.shape[1] != model.embedding_size or not len(table.pictures):
            raise ReIDError(
                f"{path} holds {len(table.pictures):,} embeddings of "
                f"{table.embeddings.shape[1]} numbers, and the model gives {model.embedding_size}."
            )
        return table
    pictures = list_all(source)
    folder = Path(cache or os.environ.get("REID_CACHE") or "~/.cache/reid-lightning").expanduser()
    name = hashlib.blake2b(repr((str(Path(str(source)).absolute()), made_by)).encode())
    out = folder / "galleries" / f"{name.hexdigest()[:32]}.parquet"
    return embed_pictures(model, pictures, out, flip=flip, batch_size=batch_size)
