"""Embeddings in a Parquet file: what was written is read, and what is no such file is said."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from reid_lightning.data.pictures import Picture
from reid_lightning.errors import ReIDError
from reid_lightning.inference.embedding_parquet import holds_embeddings, read_table, write_table
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.picture_list import ListedPicture

MADE_BY = MadeBy("model", 256, 128, False, "float32")
TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=8)
PICTURES = st.builds(
    ListedPicture,
    st.builds(
        Picture,
        st.text("abc/.ü", min_size=1, max_size=9).map(Path),
        st.none() | st.tuples(*[st.integers(-5, 5)] * 4),
    ),
    TEXT,
    TEXT,
    st.none() | st.integers(0, 10**9),
)


@settings(deadline=None, max_examples=25)
@given(pictures=st.lists(PICTURES, max_size=9), dtype=st.sampled_from(["float32", "float16"]))
def test_what_is_written_is_read(
    pictures: list[ListedPicture], dtype: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    embeddings = np.random.default_rng(0).standard_normal((len(pictures), 5)).astype(dtype)
    versions = [FileVersion(n, n**9) for n in range(len(pictures))]
    made_by = MADE_BY._replace(dtype=dtype)
    write_table(EmbeddingTable(pictures, versions, embeddings, made_by), path)
    read = read_table(path)
    assert (read.pictures, read.versions, read.made_by) == (pictures, versions, made_by)
    assert read.embeddings.dtype == dtype and np.array_equal(read.embeddings, embeddings)
    assert holds_embeddings(path)


def sound(path: Path) -> pa.Table:
    pictures = [ListedPicture(Picture(Path("a.jpg")))] * 2
    versions = [FileVersion(1, 2)] * 2
    write_table(EmbeddingTable(pictures, versions, np.eye(2, dtype=np.float32), MADE_BY), path)
    return parquet.read_table(path)


def other_model(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata({b"reid_lightning": b'{"model": 3}'})


def of_doubles(table: pa.Table) -> pa.Table:
    rows = pa.array([[0.5, 0.5]] * 2, pa.list_(pa.float64(), 2))
    return table.set_column(table.schema.get_field_index("embedding"), "embedding", rows)


def of_nan(table: pa.Table) -> pa.Table:
    rows = pa.array([[np.nan, 1.0]] * 2, pa.list_(pa.float32(), 2))
    return table.set_column(table.schema.get_field_index("embedding"), "embedding", rows)


def of_nothing(table: pa.Table) -> pa.Table:
    rows = pa.array([None, [1.0, 1.0]], pa.list_(pa.float32(), 2))
    return table.set_column(table.schema.get_field_index("embedding"), "embedding", rows)


WRONG = {
    "another's Parquet": (lambda t: t.replace_schema_metadata({}), "holds no embeddings of reid"),
    "other words about the model": (other_model, "about its model makes no sense"),
    "float64": (of_doubles, "the column embedding is fixed_size_list<element: double>"),
    "NaN": (of_nan, "an embedding in it is not finite"),
    "nothing": (of_nothing, "an embedding is missing"),
    "no column": (lambda t: t.drop_columns("pid"), "is damaged, or no Parquet file"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_another_file_is_refused(kind: str, tmp_path: Path) -> None:
    change, message = WRONG[kind]
    path = tmp_path / "t.parquet"
    parquet.write_table(change(sound(path)), path)
    with pytest.raises(ReIDError, match=message):
        read_table(path)


def test_no_parquet_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(ReIDError, match="there is no such file"):
        read_table(path)
    path.write_text("text")
    assert not holds_embeddings(path)
    with pytest.raises(ReIDError, match="is damaged, or no Parquet file"):
        read_table(path)
