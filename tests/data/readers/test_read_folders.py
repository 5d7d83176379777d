from pathlib import Path

import pytest
from trees import touch

from reid_lightning.data.counts import split_counts
from reid_lightning.data.readers.folders import read_folders
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError

NONE = {"junk": 0, "distractors": 0}
PEOPLE = {"alice": 4, "bob": 3, "Zoë": 2, "eve": 2, "one picture": 1}


def three(root: Path) -> Path:
    return touch(
        root,
        *("train/alice/1.jpg", "train/alice/2.PNG", "train/alice/3.webp"),
        *("train/bob/1.jpg", "train/bob/2.tiff"),
        *("query/carol/1.jpg", "query/dan/1.bmp"),
        *("gallery/carol/1.jpg", "gallery/carol/2.gif", "gallery/dan/9.jpeg", "gallery/eve/1.jpg"),
    )


def without(root: Path) -> Path:
    return touch(root, *(f"{name}/{n}.jpg" for name, count in PEOPLE.items() for n in range(count)))


def test_three_folders_are_read_by_name(tmp_path: Path) -> None:
    splits = read_folders(three(tmp_path))
    assert split_counts(splits) == {
        "train": {"pictures": 5, "identities": 2} | NONE,
        "query": {"pictures": 2, "identities": 2} | NONE,
        "gallery": {"pictures": 4, "identities": 3} | NONE,
    }
    pids = {s.path.parent.name: s.pid for s in (*splits.train, *splits.query, *splits.gallery)}
    assert pids == {"alice": 0, "bob": 1, "carol": 2, "dan": 3, "eve": 4}
    assert [s.pid for s in splits.query] == [2, 3]
    assert [s.pid for s in splits.gallery] == [2, 2, 3, 4]


def test_every_picture_has_a_camera_of_its_own(tmp_path: Path) -> None:
    splits = read_folders(three(tmp_path))
    samples = (*splits.train, *splits.query, *splits.gallery)
    assert not splits.has_cameras and sorted(s.camid for s in samples) == list(range(11))


def test_numbers_are_kept(tmp_path: Path) -> None:
    names = ("train/0007/1.jpg", "query/0000/1.jpg", "gallery/0000/2.jpg", "gallery/12/1.jpg")
    splits = read_folders(touch(tmp_path, *names))
    assert [s.pid for s in (*splits.train, *splits.query, *splits.gallery)] == [7, 0, 0, 12]


def test_people_alone_are_split_by_identity(tmp_path: Path) -> None:
    splits = read_folders(without(tmp_path), test_share=0.5)
    tested = {s.pid for s in splits.query}
    assert len(splits.query) == len(tested) == 2
    assert {s.pid for s in splits.gallery} == tested
    assert tested.isdisjoint(s.pid for s in splits.train)
    samples = (*splits.train, *splits.query, *splits.gallery)
    assert len({s.path for s in samples}) == len(samples) == sum(PEOPLE.values())
    assert "one picture" not in {s.path.parent.name for s in splits.query}


def test_the_split_is_the_same_anywhere(tmp_path: Path) -> None:
    def relative(root: Path) -> list[list[tuple[str, int, int]]]:
        splits = read_folders(without(root))
        return [
            [(str(s.path.relative_to(root)), s.pid, s.camid) for s in samples]
            for samples in (splits.train, splits.query, splits.gallery)
        ]

    assert relative(tmp_path / "a") == relative(tmp_path / "b")


@pytest.mark.parametrize("share", [0.1, 0.99])
def test_a_share_of_nobody_is_refused(share: float, tmp_path: Path) -> None:
    root = touch(tmp_path, *(f"{name}/{n}.jpg" for name in ("a", "b") for n in range(2)))
    with pytest.raises(ReIDError, match=rf"data\.test_share={share} leaves nobody to t"):
        read_folders(root, test_share=share)


def test_what_is_no_picture_is_kept_and_hidden_files_are_not(tmp_path: Path) -> None:
    names = ("README.txt", "train/list.csv", "train/alice/notes.txt", "gallery/empty/x.txt")
    hidden = ("train/alice/._1.jpg", ".DS_Store", "query/.git/config", "gallery/.DS_Store")
    root = touch(three(tmp_path), *names, *hidden)
    (root / "query" / "dan" / "more").mkdir()
    found = {str(path.relative_to(root)) for path in read_folders(root).not_read}
    assert found == {*names[:3], "gallery/empty", "query/dan/more"}
    assert split_counts(read_folders(root)) == split_counts(read_folders(three(tmp_path / "b")))


def test_beside_people_alone_files_are_not_read(tmp_path: Path) -> None:
    root = touch(without(tmp_path), "people.csv", "bob/x.txt", "nobody/y.txt", ".hidden/1.jpg")
    found = {str(path.relative_to(root)) for path in read_folders(root).not_read}
    assert found == {"people.csv", "bob/x.txt", "nobody"}


def test_some_of_the_three_folders_are_refused(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/alice/1.jpg", "query/bob/1.jpg")
    with pytest.raises(ReIDError, match="holds train and query, but no folder gallery"):
        read_folders(root)


@pytest.mark.parametrize("names", [(), ("x.jpg", "y.jpg"), (".a/x.jpg",), ("a/x.txt",)])
def test_no_folder_of_pictures_is_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match=r"\(data\.root\) holds no folder of pictures"):
        read_folders(touch(tmp_path, *names))


def test_an_empty_query_is_an_empty_split(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/a/1.jpg", "gallery/b/1.jpg")
    (root / "query").mkdir()
    splits: Splits = read_folders(root)
    assert (len(splits.train), len(splits.query), len(splits.gallery)) == (1, 0, 1)
