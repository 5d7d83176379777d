"""A changed byte anywhere in a file is found."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.files import add_checksum, checksum, is_intact


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@given(content=st.binary(max_size=2000), data=st.data())
def test_a_changed_byte_is_found(content: bytes, data: st.DataObject, folder: Path) -> None:
    file = folder / "file"
    file.write_bytes(content)
    add_checksum(file)
    assert is_intact(file, len(content)) and file.read_bytes().startswith(content)
    sealed = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(sealed)
    assert not is_intact(file, len(content))


def test_blocks_are_told_apart_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksum, "_BLOCK_BYTES", 10)
    file, content = tmp_path / "file", os.urandom(1024)
    file.write_bytes(content)
    add_checksum(file)
    assert is_intact(file, 1024)
    whole = file.read_bytes()
    file.write_bytes(whole[10:20] + whole[:10] + whole[20:])
    assert not is_intact(file, 1024)


@pytest.mark.parametrize("change", [b"more", b""])
def test_another_length_is_no_whole_file(change: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert not is_intact(file, 4)
    file.write_bytes(b"four")
    assert not is_intact(file, 4), "without a checksum"
    add_checksum(file)
    file.write_bytes(file.read_bytes() + change if change else file.read_bytes()[:-1])
    assert not is_intact(file, 4)
