"""Chunks and blocks cover every row once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning import parallel
from reid_lightning.parallel import chunks, in_blocks, map_in_chunks


@given(
    st.integers(0, 500), st.integers(0, parallel.CHUNK_BYTES * 2), st.none() | st.integers(1, 90)
)
def test_chunks_cover_every_row_once_within_their_bounds(
    count: int, row_bytes: int, most: int | None
) -> None:
    slices = list(chunks(count, row_bytes, most))
    assert [row for rows in slices for row in range(rows.start, rows.stop)] == list(range(count))
    assert len(slices) >= 1
    for rows in slices:
        size = rows.stop - rows.start
        assert size <= 1 or size * row_bytes <= parallel.CHUNK_BYTES
        assert most is None or size <= most


@given(st.integers(0, 200))
def test_blocks_cover_every_row_once(count: int) -> None:
    results = in_blocks(
        lambda start, stop, shift: list(range(start + shift, stop + shift)), count, 7
    )
    assert [row for block in results for row in block] == list(range(7, count + 7))


@pytest.mark.parametrize("count", [0, 1, 257, 600])
def test_mapping_in_chunks_keeps_the_order(count: int) -> None:
    assert list(map_in_chunks(lambda item: 2 * item, range(count), 8)) == list(
        range(0, 2 * count, 2)
    )
