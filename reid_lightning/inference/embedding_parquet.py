"""Embedded pictures in a Parquet file, which pandas opens too: one picture a row."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from reid_lightning.data.pictures import Box, Picture
from reid_lightning.errors import ReIDError
from reid_lightning.files import not_a_file, replaced_atomically
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.picture_list import ListedPicture

_KEY = b"reid_lightning"  # of the file's metadata
_COLUMNS = {
    "path": pa.string(),
    "box": pa.list_(pa.int64()),
    "pid": pa.string(),
    "camid": pa.string(),
    "time": pa.int64(),
    "file_bytes": pa.int64(),
    "file_modified_ns": pa.int64(),
}
_TYPES = (pa.float32(), pa.float16())
_ROWS_AT_A_TIME = 16_384


def write_table(table: EmbeddingTable, path: Path) -> None:
    """Write a table as Parquet: a column for each number of `_COLUMNS`, and `embedding`.

    Raises:
        OSError: it cannot be written; what was there is kept.
    """
    pictures, versions, embeddings, made_by = table
    values: dict[str, Sequence[Any]] = {
        "path": [str(p.picture.path) for p in pictures],
        "box": [p.picture.box for p in pictures],
        "pid": [p.pid for p in pictures],
        "camid": [p.camid for p in pictures],
        "time": [p.time for p in pictures],
        "file_bytes": [v.size for v in versions],
        "file_modified_ns": [v.modified_ns for v in versions],
    }
    arrays: list[pa.Array] = [pa.array(values[name], kind) for name, kind in _COLUMNS.items()]
    flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
    arrays.append(pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1]))
    metadata = {_KEY: json.dumps(made_by._asdict()).encode()}
    content = pa.Table.from_arrays(arrays, [*_COLUMNS, "embedding"]).replace_schema_metadata(
        metadata
    )
    with replaced_atomically(path) as partial:
        parquet.write_table(
            content,
            partial,
            compression="lz4",  # fast: the bytes of embeddings hardly repeat
            use_dictionary=["pid", "camid"],
            row_group_size=_ROWS_AT_A_TIME,
            write_page_checksum=True,
        )


def read_table(path: Path) -> EmbeddingTable:
    """Read a table that `write_table` has written; memory for twice its embeddings is not needed.

    Raises:
        ReIDError: it cannot be read, or is none.
    """
    if reason := not_a_file(path):
        raise ReIDError(f"{path} cannot be read: {reason}.")
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)
        made_by = _made_by(file.schema_arrow.metadata or {})
        table = None if made_by is None else _read(file, made_by)
    except Exception as error:  # pyarrow raises almost anything on a wrong file
        text = " ".join(str(error).split())[:200].rstrip(".")
        raise ReIDError(f"{path} is damaged, or no Parquet file: {text}.") from error
    if table is None:
        raise ReIDError(
            f"{path} holds no embeddings of reid-lightning: make them by reid embed pictures=… "
            "out=FILE.parquet."
        )
    return table


def holds_embeddings(path: Path) -> bool:
    """Whether a Parquet file has a column `embedding`; false if it cannot be read."""
    try:
        return "embedding" in parquet.ParquetFile(path).schema_arrow.names
    except Exception:  # what is wrong with it is said by whoever reads it
        return False


def _made_by(metadata: dict[bytes, bytes]) -> MadeBy | None:
    if _KEY not in metadata:
        return None
    values = json.loads(metadata[_KEY])
    kinds = MadeBy.__annotations__
    if not isinstance(values, dict) or any(type(values.get(n)) is not k for n, k in kinds.items()):
        raise ValueError("what it says about its model makes no sense")
    return MadeBy(**{name: values[name] for name in kinds})


def _read(file: parquet.ParquetFile, made_by: MadeBy) -> EmbeddingTable:
    schema = file.schema_arrow
    for name, kind in _COLUMNS.items():
        if schema.field(name).type != kind:
            raise ValueError(f"the column {name} is {schema.field(name).type}")
    kind = schema.field("embedding").type
    if not pa.types.is_fixed_size_list(kind) or kind.value_type not in _TYPES:
        raise ValueError(f"the column embedding is {kind}")
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    embeddings = np.empty(
        (file.metadata.num_rows, kind.list_size), kind.value_type.to_pandas_dtype()
    )
    row = 0
    for batch in file.iter_batches(_ROWS_AT_A_TIME):
        for name in _COLUMNS:
            columns[name] += batch[name].to_pylist()
        if batch["embedding"].null_count:
            raise ValueError("an embedding is missing")
        block = embeddings[row : row + len(batch)]
        block[:] = batch["embedding"].flatten().to_numpy(zero_copy_only=False).reshape(block.shape)
        if not np.isfinite(block).all():
            raise ValueError("an embedding in it is not finite")
        row += len(batch)
    paths, boxes, pids, camids, times, sizes, changes = columns.values()
    pictures = [
        ListedPicture(Picture(Path(path), _box(box)), pid, camid, time)
        for path, box, pid, camid, time in zip(paths, boxes, pids, camids, times, strict=True)
    ]
    versions = [FileVersion(*version) for version in zip(sizes, changes, strict=True)]
    return EmbeddingTable(pictures, versions, embeddings, made_by)


def _box(box: list[int] | None) -> Box | None:
    if box is None:
        return None
    left, top, right, bottom = box
    return left, top, right, bottom
