"""`reid data`: what a set holds, without training."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from trees import paint, touch

from reid_lightning.data.readers import read_market1501, read_table
from reid_lightning.run import data

Typed = Callable[..., str]


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """What the command prints, in an empty folder; with `fails`, its message."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: str, fails: bool = False) -> str:
        if fails:
            with pytest.raises(SystemExit) as ended:
                data.main(arguments)
            assert ended.value.code == 1
        else:
            data.main(arguments)
        printed = capsys.readouterr()
        assert not re.search("Traceback|Error executing job", printed.out + printed.err)
        return printed.out + printed.err

    return run


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """People in folders, a broken picture, and what is none."""
    root = tmp_path / "own"
    paint(root, *(f"train/{name}/{n}.png" for name in ("a", "b") for n in range(3)))
    paint(root, "query/c/0.png", "query/d/0.jpg", "gallery/c/1.png", "gallery/c/2.png")
    Image.new("RGB", (20, 50), "red").save(root / "gallery" / "c" / "3.bmp")
    paint(root, "gallery/d/1.webp")
    (root / "gallery" / "d" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return touch(root, "notes.txt", "train/a/x.psd", ".DS_Store")


def rows(printed: str, title: str) -> dict[str, list[str]]:
    """The rows of the table that begins with `title`, by their first cell."""
    lines = printed.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith(title))
    cells = [line.split() for line in lines[head + 2 : [*lines, ""].index("", head)]]
    return {first: others for first, *others in cells if others and others[0].isdecimal()}


def test_what_a_set_without_cameras_holds(typed: Typed, own: Path) -> None:
    printed = typed("data=folders", f"data.root={own}")
    assert rows(printed, "folders (no cameras)") == {
        "train": ["6", "2", "0", "0"],
        "query": ["2", "2", "0", "0"],
        "gallery": ["5", "2", "0", "0"],
    }
    found = {
        line.split()[0]: line for line in printed.splitlines() if line[:5] in ("train", "test ")
    }
    assert "3 – 3 – 3" in found["train"] and "16 – 16 – 16" in found["train"]
    assert "3 – 3.5 – 4" in found["test"] and "16 – 16 – 20" in found["test"]
    assert "per camera" not in printed and "one camera" not in printed
    assert f"Not read, no picture: {own / 'notes.txt'}" in printed
    assert f"Not read, no picture: {own / 'train' / 'a' / 'x.psd'}" in printed
    assert f"Cannot be read: {own / 'gallery' / 'd' / 'broken.jpg'} (" in printed
    assert ".DS_Store" not in printed and not list(Path.cwd().iterdir())


def test_what_a_set_with_cameras_holds(typed: Typed, tmp_path: Path) -> None:
    names = [
        *(
            "bounding_box_train/0001_c1s1_000001_00.png",
            "bounding_box_train/0001_c3s1_000001_00.png",
        ),
        *(
            "bounding_box_train/0002_c1s1_000002_00.png",
            "bounding_box_train/0003_c1s1_000002_00.png",
        ),
        *("query/0003_c1s1_000003_00.png", "bounding_box_test/0003_c2s1_000004_00.png"),
        *("bounding_box_test/0000_c1s1_000005_00.png", "bounding_box_test/-1_c1s1_000006_00.png"),
    ]
    paint(tmp_path / "set", *names)
    (tmp_path / "set" / "bounding_box_test" / "0003_c4s1_000004_00.png").write_bytes(
        (tmp_path / "set" / names[4]).read_bytes()
    )
    printed = typed("data=market1501", f"data.root={tmp_path / 'set'}", "data.expected=null")
    assert rows(printed, "market1501")["gallery"] == ["4", "1", "3", "1", "1"]
    assert rows(printed, "  camera") == {
        "1": ["3", "3"], "2": ["0", "1"], "3": ["1", "0"], "4": ["0", "1"],
    }  # fmt: skip
    assert "1 identities are in both training and test, such as 3" in printed
    assert "1 pair(s) of equal pictures are in query and gallery, of two cameras" in printed
    (facts,) = [line for line in printed.splitlines() if line.startswith("train  1 – 1 – 2")]
    assert re.split(r"\s{2,}", facts)[3] == "2"  # people seen by one camera


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "PNG"])
def test_a_contact_sheet(suffix: str, typed: Typed, own: Path) -> None:
    (own / "gallery" / "d" / "broken.jpg").unlink()
    printed = typed("data=folders", f"data.root={own}", f"sheet=new/people.{suffix}")
    assert f"Contact sheet: new/people.{suffix}" in printed
    with Image.open(f"new/people.{suffix}") as sheet:
        assert sheet.width > 300 and sheet.height > 4 * 160  # a row for each of four people
        assert len({sheet.getpixel((x, 100)) for x in range(0, sheet.width, 8)}) > 2


def test_exports_are_what_the_printed_command_reads(typed: Typed, own: Path) -> None:
    (own / "gallery" / "d" / "broken.jpg").unlink()
    given = ("data=folders", f"data.root={own}")
    printed = typed(*given, "export=table")
    assert "(data=table data.table=folders.csv)" in printed
    back = read_table(None, table="folders.csv")
    assert [len(x) for x in (back.train, back.query, back.gallery)] == [6, 2, 4]
    assert not back.has_cameras and all(s.path.is_file() for s in back.gallery)
    assert "folders.csv exists: name another" in typed(*given, "export=table", fails=True)
    printed = typed(*given, "export=market1501", "export_to=new/set")
    assert "(data=market1501 data.root=new/set)" in printed
    back = read_market1501(Path("new/set"))
    assert [len(x) for x in (back.train, back.query, back.gallery)] == [6, 2, 4]


def test_what_was_typed_wrong_is_said(typed: Typed, own: Path, tmp_path: Path) -> None:
    given = ("data=folders", f"data.root={own}")
    for more, message in (
        ("sheet=people.pdf", "sheet=people.pdf is no picture: name one of .png"),
        ("export=mars", "export=mars"),
        ("shet=x.png", "sheet"),
    ):
        assert message in typed(*given, more, fails=True)
    assert "There is no data set at" in typed("data=folders", "data.root=nowhere", fails=True)
    assert "data.table must be given" in typed("data=table", fails=True)
    table = tmp_path / "t.csv"
    table.write_text("path,who\nx.jpg,1\n")
    assert "no column pid" in typed("data=table", f"data.table={table}", fails=True)
    assert not list(Path.cwd().iterdir())


def test_of_several_sets_the_first_wrong_one_ends_the_command(typed: Typed, own: Path) -> None:
    printed = typed("-m", "data=folders,msmt17", f"data.root={own}", fails=True)
    assert "folders (no cameras)" in printed and "No MSMT17 at" in printed


def test_a_table_of_missing_pictures_is_told_to_the_end(typed: Typed, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "path,pid,camid,split\na.jpg,1,1,train\nb.jpg,2,1,query\nc.jpg,2,2,gallery\nd\0.jpg,2,2,gallery\n"
    )
    printed = typed("data=table", f"data.table={table}")
    for name in "abc":
        assert f"Cannot be read: {tmp_path / name}.jpg (there is no such file)" in printed
