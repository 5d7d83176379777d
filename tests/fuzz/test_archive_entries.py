"""Archives of any entries: all of them inside the folder, or a sentence and nothing left behind."""

import io
import os
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path

from attempt import Refused, attempt
from budget import examples
from damage import damaged
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.archive import extract_once

PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
PARTS = st.one_of(
    st.sampled_from(["a", "A", "b.jpg", "..", ".", "", "C:", ".extracted.json", "é", "e\u0301"]),
    st.text(max_size=6),
    st.sampled_from(["\\", "..\\x", "\0", "\x1b[2J", "\ud800", "x" * 256, " ", "a\n", "\u202e"]),
)  # fmt: skip
NAMES = st.one_of(
    st.lists(PARTS, min_size=1, max_size=4).map("/".join),
    st.lists(st.sampled_from(["set", "query", "a.jpg", "b.jpg", "c"]), max_size=3).map("/".join),
)
TYPES = st.sampled_from(
    [0, *[stat.S_IFREG] * 12, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK]
)
CONTENTS = st.one_of(
    st.binary(max_size=50), st.sampled_from([b"/etc/passwd", b"..", bytes(100_000), b"nested"])
)
ENTRIES = st.lists(st.tuples(NAMES, CONTENTS, TYPES, st.integers(0, 0o7777)), max_size=4)


def zipped(entries: list[tuple[str, bytes, int, int]], packing: int, first: bytes = b"") -> bytes:
    """An archive's bytes; `first` stands before it, as a program that unpacks itself."""
    out = io.BytesIO(first)
    out.seek(0, os.SEEK_END)
    with zipfile.ZipFile(out, "a" if first else "w", packing) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content, kind, mode in entries:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = packing
            info.create_system = 3
            info.external_attr = (kind | mode) << 16
            if content == b"nested":
                content = zipped([("../up", b"x", 0, 0)], packing)
            try:
                file.writestr(info, content)
            except UnicodeEncodeError:  # no file can be named so
                continue
    return out.getvalue()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content; None of a folder; links and others are named."""
    found: dict[str, bytes | None] = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode), path
        assert not mode & (stat.S_ISUID | stat.S_ISGID), path
        found[str(path.relative_to(folder))] = path.read_bytes() if stat.S_ISREG(mode) else None
    return found


def extracted(content: bytes) -> dict[str, bytes | None] | Refused:
    """What lies in the root after extraction, if it is extracted; nothing else may have changed."""
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "deep" / "out" / "set"
        root.parent.mkdir(parents=True)
        archive, bystander = folder / "set.zip", folder / "deep" / "up"
        archive.write_bytes(content)
        bystander.write_bytes(b"mine")
        done = attempt(lambda: extract_once(archive, root))
        left = tree(folder)
        inside = {path[13:]: left.pop(path) for path in [*left] if path.startswith("deep/out/set/")}
        root_is_there = left.pop("deep/out/set", b"") is None
        assert left == {"set.zip": content, "deep": None, "deep/up": b"mine", "deep/out": None}
        if isinstance(done, Refused):
            assert not inside and not root_is_there
            assert str(archive) in done.message
            return done
        assert inside.pop(".extracted.json") is not None and root_is_there
        assert attempt(lambda: extract_once(archive, root)) is None, "the same one, once more"
        return inside


@examples(120)
@given(entries=ENTRIES, packing=st.sampled_from(PACKINGS), first=st.sampled_from([b"", b"#!\n"]))
def test_any_entries_are_inside_or_refused(
    entries: list[tuple[str, bytes, int, int]], packing: int, first: bytes
) -> None:
    content = zipped(entries, packing, first)
    inside = extracted(content)
    if isinstance(inside, Refused):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = [info for info in file.infolist() if not info.is_dir()]
        expected = {
            os.path.normpath(info.filename): file.read(info)
            for info in members
            if info.filename != ".extracted.json"
        }
    assert {path: content for path, content in inside.items() if content is not None} == expected


SOUND = [
    ("set/", b"", stat.S_IFDIR, 0o755),
    ("set/query/a.jpg", b"a" * 40, stat.S_IFREG, 0o644),
    ("set/query/b.jpg", bytes(range(200)), stat.S_IFREG, 0o600),
    ("c.txt", b"some text " * 30, 0, 0),
]


@examples(120)
@given(data=st.data(), packing=st.sampled_from(PACKINGS))
def test_a_damaged_archive_is_refused_or_whole(data: st.DataObject, packing: int) -> None:
    """A name has no checksum: a file may have another, inside the folder."""
    inside = extracted(data.draw(damaged(zipped(SOUND, packing))))
    if not isinstance(inside, Refused):
        contents = [content for content in inside.values() if content]
        assert set(contents) <= {content for _, content, *_ in SOUND}
