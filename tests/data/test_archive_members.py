"""Archives that hold what no set of pictures does leave nothing but a sentence."""

import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from reid_lightning.data import archive_members
from reid_lightning.data.archive import extract_once
from reid_lightning.errors import ReIDError

Zip = zipfile.ZipFile


def of_mode(kind: int) -> Callable[[Zip], None]:
    def write(zipped: Zip) -> None:
        info = zipfile.ZipInfo("set/a.jpg")
        info.external_attr = (kind | 0o644) << 16
        zipped.writestr(info, "/etc/passwd")

    return write


def of_names(*names: str) -> Callable[[Zip], None]:
    def write(zipped: Zip) -> None:
        for name in names:
            zipped.writestr(name, b"x")

    return write


REFUSED: dict[str, tuple[Callable[[Zip], None], str]] = {
    "a path above": (of_names("../evil.jpg"), "leaves its folder"),
    "a path above, further down": (of_names("set/../../evil.jpg"), "leaves its folder"),
    "an absolute path": (of_names("/evil.jpg"), "leaves its folder"),
    "a drive": (of_names("C:/evil.jpg"), "leaves its folder"),
    "Windows' separators": (of_names("..\\evil.jpg"), "no file's"),
    "a line break": (of_names("a\n.jpg"), "no file's"),
    "an escape": (of_names("a\x1b[2J.jpg"), "no file's"),
    "no name": (of_names("."), "no file's"),
    "a long name": (of_names("a" * 256), "too long"),
    "a long path": (of_names("abc/" * 300 + "a.jpg"), "too long"),
    "a link": (of_mode(stat.S_IFLNK), "link or a device"),
    "a device": (of_mode(stat.S_IFBLK), "link or a device"),
    "a pipe": (of_mode(stat.S_IFIFO), "link or a device"),
    "a name twice": (of_names("set/a.jpg", "set/a.jpg"), "side by side"),
    "twins but for the case": (of_names("set/a.jpg", "set/A.JPG"), "side by side"),
    "folders that are twins": (of_names("set/a.jpg", "Set/b.jpg"), "side by side"),
    "twins in Unicode": (of_names("set/é.jpg", "set/e\u0301.jpg"), "side by side"),
    "a file as a folder": (of_names("set/a", "set/a/b.jpg"), "side by side"),
    "a folder as a file": (of_names("set/a/b.jpg", "set/a"), "side by side"),
    "our own record as a folder": (of_names(".extracted.json/a"), "is kept for a file"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_set_holds_is_refused(kind: str, tmp_path: Path) -> None:
    write, message = REFUSED[kind]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
        zipped.writestr("set/good.jpg", b"x")
        write(zipped)
    refused(tmp_path, f"set.zip .data.archive. holds .*{message}")


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ReIDError, match=message):
        extract_once(folder / "set.zip", folder / "out" / "set")
    left = {p.name for p in folder.rglob("*")}
    assert left <= {"set.zip", "out"}, left


def changed(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def test_names_with_nul_or_not_in_utf_8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("set/öxy.jpg", b"x")
    whole = path.read_bytes()
    changed(path, b"xy.jpg", b"\0y.jpg")
    refused(tmp_path, "no file's")
    path.write_bytes(whole)
    changed(path, "ö".encode(), b"\xff\xff")
    refused(tmp_path, "not a sound zip file")


def test_an_encrypted_member_is_said_to_be(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
        zipped.writestr("a.jpg", b"x")
    content = bytearray((tmp_path / "set.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "set.zip").write_bytes(content)
    refused(tmp_path, "encrypted: extract it yourself")


def test_a_bomb_is_refused_by_its_own_and_by_the_total_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_members, "_SMALL_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("a.bmp", bytes(20_000))
    refused(tmp_path, "would grow from .* to 20,000 bytes")
    overlapping(tmp_path / "set.zip", 2_000)
    refused(tmp_path, "GiB in .* bytes")


def overlapping(path: Path, times: int) -> None:
    """Make an archive whose many members are all the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("0000.bmp", bytes(range(256)) * 39)
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[start:end]
    entries = b"".join(entry.replace(b"0000", b"%04d" % i) for i in range(times))
    tail = bytearray(content[end:])
    tail[8:20] = struct.pack("<HHII", times, times, len(entries), start)
    path.write_bytes(content[:start] + entries + tail)


def test_a_set_larger_than_the_free_disk_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
        zipped.writestr("a.jpg", bytes(1001))
    refused(tmp_path, "are free on the disk")


def test_folders_with_entries_of_their_own_are_fine(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
        for name in ("set/", "set/query/", "set/query/a.jpg", "set/b.jpg", "__MACOSX/._b.jpg"):
            zipped.writestr(name, b"" if name.endswith("/") else b"x")
    extract_once(tmp_path / "set.zip", tmp_path / "out")
    assert (tmp_path / "out/set/query/a.jpg").read_bytes() == b"x"


NO_ZIP: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (Path.touch, r"empty \(0 bytes\)"),
    "a web page": (lambda p: p.write_text("<!DOCTYPE html><p>Sign in"), "is a web page"),
    "an LFS pointer": (lambda p: p.write_text("version https://git-lfs"), "git lfs pull"),
    "a gzip file": (lambda p: p.write_bytes(b"\x1f\x8b" + bytes(99)), "a gzip file"),
    "text": (lambda p: p.write_text("no"), "File is not a zip file"),
    "a pipe": (os.mkfifo, "is a named pipe"),
    "a folder": (Path.mkdir, "is a folder"),
}


@pytest.mark.parametrize("kind", NO_ZIP)
def test_what_is_no_archive_is_said_to_be(kind: str, tmp_path: Path) -> None:
    write, message = NO_ZIP[kind]
    write(tmp_path / "set.zip")
    refused(tmp_path, message)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("place", range(0, 1000, 111))
def test_a_changed_byte_is_a_sentence_or_nothing(place: int, packing: int, tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", packing) as zipped:
        zipped.writestr("set/a.txt", " ".join(map(str, range(200))))
    content = bytearray(path.read_bytes())
    content[place * len(content) // 1000] ^= 0x55
    path.write_bytes(content)
    try:
        extract_once(path, tmp_path / "out")
    except ReIDError:
        assert [p.name for p in tmp_path.iterdir()] == ["set.zip"]


@pytest.mark.parametrize("record", ["", "[]", "{}", "null", "[" * 9999, '{"archive": 1}'])
def test_a_damaged_record_is_named(record: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / ".extracted.json").write_text(record)
    with pytest.raises(ReIDError, match=r"\.extracted\.json is damaged"):
        extract_once(tmp_path / "set.zip", tmp_path / "set")
