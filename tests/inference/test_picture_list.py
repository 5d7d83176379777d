"""What a path stands for: a file, a folder with all in it, a table."""

from pathlib import Path

import pytest
from PIL import Image

from reid_lightning.errors import ReIDError
from reid_lightning.inference.picture_list import ListedPicture, list_all, list_pictures_of


def save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 8)).save(path)
    return path


def test_a_folder_is_listed_with_all_folders_in_it(tmp_path: Path) -> None:
    names = ["b.jpg", "a.png", "people/2/c.jpg", "people/1/d.jpg", ".hidden/e.jpg", "._f.jpg"]
    for name in names:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    found = [p.picture.path.relative_to(tmp_path).as_posix() for p in list_pictures_of(tmp_path)]
    assert found == ["a.png", "b.jpg", "people/1/d.jpg", "people/2/c.jpg"]


def test_names_say_person_and_camera_where_all_do(tmp_path: Path) -> None:
    save(tmp_path / "0002_c3s1_000451_03.jpg")
    save(tmp_path / "-1_c1s1_000001_00.jpg")
    assert [(p.pid, p.camid) for p in list_pictures_of(tmp_path)] == [("-1", "1"), ("0002", "3")]
    save(tmp_path / "me.jpg")
    assert {(p.pid, p.camid) for p in list_pictures_of(tmp_path)} == {(None, None)}


def test_a_table_says_what_it_knows(tmp_path: Path) -> None:
    save(tmp_path / "crops" / "a.jpg")
    table = tmp_path / "t.csv"
    table.write_text("path,label,camid,time,x_1,y_1,x_2,y_2\ncrops/a.jpg,Ann,,7,1,2,3,4\n")
    (found,) = list_pictures_of(table)
    path = (tmp_path / "crops" / "a.jpg").absolute()
    assert found == ListedPicture((path, (1, 2, 3, 4)), "Ann", None, 7)


def test_several_sources_are_listed_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    first, second = save(tmp_path / "z.jpg"), save(tmp_path / "home" / "a.jpg")
    found = list_all(["z.jpg", Path("~/a.jpg")])
    assert [p.picture.path for p in found] == [first, second]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "nowhere is no picture, folder of pictures or table: there is no such file"),
        ("empty", "empty holds no picture"),
        ("a.csv", "a.csv has no column path: it has pid"),
        ("b.csv", "b.csv, line 2: path is empty"),
        ("c.csv", "c.csv holds no picture"),
    ],
)
def test_what_has_no_picture_is_said(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("a.csv").write_text("pid\n1\n")
    Path("b.csv").write_text("path,pid\n,1\n")
    Path("c.csv").write_text("path\n")
    with pytest.raises(ReIDError, match=message):
        list_pictures_of(Path(name))
