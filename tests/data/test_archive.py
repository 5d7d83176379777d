import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from reid_lightning.data import archive as archive_module
from reid_lightning.data.archive import extract_once
from reid_lightning.errors import ReIDError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("set/query/a.jpg", b"a" * 100)
    return path


def test_extracted_once_and_recorded_with_its_checksum(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "out" / "set"
    extract_once(archive, root)
    assert (root / "set/query/a.jpg").read_bytes() == b"a" * 100
    record = json.loads((root / ".extracted.json").read_text())
    assert record["sha256"] == sha256(archive.read_bytes()).hexdigest()
    (root / "set/query/a.jpg").unlink()
    extract_once(archive, root)
    assert not (root / "set/query/a.jpg").exists()
    assert [p.name for p in root.parent.iterdir()] == ["set"]


def test_another_archive_for_the_same_folder_is_refused(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "out" / "set"
    extract_once(archive, root)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as zipped:
        zipped.writestr("set/query/b.jpg", b"b")
    with pytest.raises(ReIDError, match=r"was extracted from set\.zip .* not from .*other\.zip"):
        extract_once(other, root)
    archive.unlink()
    extract_once(archive, root)


def test_several_processes_may_extract_together(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "out" / "set"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: extract_once(archive, root), range(8)))
    assert [p.name for p in root.parent.iterdir()] == ["set"]


def test_an_interrupted_extraction_leaves_nothing(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    root = tmp_path / "out" / "set"
    monkeypatch.setattr(archive_module, "_rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract_once(archive, root)
    assert list(root.parent.iterdir()) == []
    monkeypatch.undo()
    extract_once(archive, root)
    assert (root / "set/query/a.jpg").is_file()


def test_a_missing_a_damaged_archive_and_an_occupied_folder_are_refused(
    archive: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReIDError, match=r"none\.zip .data\.archive. cannot be read: there is no"):
        extract_once(tmp_path / "none.zip", tmp_path / "a")
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(ReIDError, match="not a sound zip"):
        extract_once(damaged, tmp_path / "b")
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("set/a.txt", b"some text " * 1000)
    content = bytearray(packed.read_bytes())
    content[60:70] = b"\xff" * 10
    packed.write_bytes(content)
    with pytest.raises(ReIDError, match="not a sound zip"):
        extract_once(packed, tmp_path / "c")
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "mine.txt").touch()
    with pytest.raises(ReIDError, match="was not extracted from an archive"):
        extract_once(archive, occupied)
