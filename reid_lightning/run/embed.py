"""The command `embed`: the embeddings of many pictures, in a Parquet file."""

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import Unpack

from reid_lightning.inference.embed_pictures import OnUnreadable, embed_pictures
from reid_lightning.inference.embedding_table import EmbeddingTable, EmbeddingType
from reid_lightning.inference.picture_list import list_all
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_model import load_model
from reid_lightning.run.model_source import ModelSource
from reid_lightning.signatures import Count, FilePath, checked


@checked("embed")
def embed(
    *,
    pictures: FilePath | list[FilePath],
    out: FilePath,
    dtype: EmbeddingType = "float32",
    flip: bool = False,
    on_unreadable: OnUnreadable = "error",
    batch_size: Count | None = None,
    **source: Unpack[ModelSource],
) -> EmbeddingTable:
    """Embed pictures into a Parquet file: `reid embed checkpoint=RUN pictures=FOLDER out=FILE`.

    The file has the columns path, embedding (of unit norm), and pid, camid, time where they are
    known. Pictures that it holds already are not embedded again.

    Args:
        pictures: a folder, with all folders in it; a table with a column `path` (and pid, camid,
            time, a box); one picture; or a list of these.
        out: the file, .parquet.
        dtype: float32 or float16.
        flip: embed a picture as the mean over it and its mirror image, as `retrieval=[flip]` does.
        on_unreadable: error, or skip: pictures that cannot be read are named and left out.
        batch_size: the most pictures that are embedded at a time; null: 128 on a CPU, 512 on a GPU.

    Returns:
        What the file holds.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    model = load_model(**source)
    return embed_pictures(
        model,
        list_all(pictures),
        Path(out).expanduser(),
        dtype=dtype,
        flip=flip,
        on_unreadable=on_unreadable,
        batch_size=batch_size,
    )


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    run_function("embed", embed, arguments, _show)


def _show(table: EmbeddingTable) -> None:
    count, size = table.embeddings.shape
    print(f"{count:,} pictures, embeddings of {size:,} numbers in {table.made_by.dtype}.")
