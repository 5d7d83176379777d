"""Which sets are warned of: people and pictures where they make scores wrong."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.equal_pictures import equal_pictures
from reid_lightning.data.pictures import Picture
from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.set_warnings import equal_picture_warnings, label_warnings
from reid_lightning.data.splits import hold_out
from reid_lightning.errors import ReIDError
from reid_lightning.run.split_counts import log_split_counts

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")
Write = Callable[..., Splits]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes pictures, given by folder and short name: `7_1` is of pid 7 by camera 1."""

    def splits(**contents: str) -> Splits:
        files = {f: [] for f in FOLDERS}  # type: ignore[var-annotated]
        for name, content in contents.items():
            folder, pid, camera = name.split("_")
            path = tmp_path / {"t": FOLDERS[0], "q": FOLDERS[1], "g": FOLDERS[2]}[folder]
            path.mkdir(exist_ok=True)
            path /= f"{'-1' if pid == 'junk' else pid.zfill(4)}_c{camera}s1_000001_00.jpg"
            path.write_text(content)
            files[path.parent.name].append(parse_name(path))
        train, query, gallery = (tuple(files[f]) for f in FOLDERS)
        return with_roles(Splits(train, query, gallery), distractor_pid=0)

    return splits


GOOD = {"t_1_1": "a", "t_2_1": "b", "q_3_1": "c", "g_3_2": "d", "g_0_1": "e", "g_junk_1": "f"}


def test_nothing_is_said_of_a_good_set(write: Write, market1501: Splits) -> None:
    assert not list(label_warnings(market1501))
    good = write(**GOOD)
    assert not [*label_warnings(good), *equal_picture_warnings(good)]


def test_people_in_both_training_and_test_are_counted(write: Write) -> None:
    (text,) = label_warnings(write(**GOOD, t_3_4="g", g_2_2="h"))
    assert text.startswith("2 identities are in both training and test, such as 2:")


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        (
            {"t_0_1": "g", "t_0_2": "h"},
            "0 training pictures are junk (-1) and 2 are distractors: they are not",
        ),
        ({"t_junk_1": "g"}, "1 training pictures are junk (-1) and 0 are distractors"),
        (
            {"q_0_1": "g", "q_junk_1": "h"},
            "1 queries are junk (-1) and 1 are distractors: they are left out",
        ),
    ],
)
def test_people_numbered_as_junk_or_distractors_are_counted(
    more: dict[str, str], counts: str, write: Write
) -> None:
    (text,) = label_warnings(write(**GOOD, **more))
    assert text.startswith(counts)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"g_3_4": "c"}, "1 pair(s) of equal pictures are in query and gallery, of two cameras"),
        ({"q_3_5": "d", "g_3_4": "c"}, "2 pair(s) of equal pictures are in query and gallery"),
        ({"g_4_1": "c"}, "1 pair(s) of equal pictures are under two identities"),
        ({"g_4_1": "d"}, "1 pair(s) of equal pictures are under two identities"),
        ({"t_4_1": "a"}, "1 pair(s) of equal pictures are under two identities"),
        ({"t_4_1": "c"}, "1 pair(s) of equal pictures are in both training and test"),
        ({"t_4_1": "d"}, "1 pair(s) of equal pictures are in both training and test"),
    ],
)
def test_equal_pictures_are_counted_where_they_make_scores_wrong(
    more: dict[str, str], said: str, write: Write
) -> None:
    (text,) = equal_picture_warnings(write(**GOOD, **more))
    assert text.startswith(said) and text.count(".jpg") == 2


@pytest.mark.parametrize(
    "more",
    [
        {"g_3_1": "c"},  # of its own camera: the protocol leaves it out
        {"t_1_2": "a"},  # a picture twice of one person in training
        {"g_0_2": "c"},  # distractors and junk are not read
        {"g_junk_2": "c"},
    ],
)
def test_nothing_is_said_of_equal_pictures_that_change_no_score(
    more: dict[str, str], write: Write
) -> None:
    assert not list(equal_picture_warnings(write(**GOOD, **more)))


def test_files_are_equal_byte_for_byte(tmp_path: Path) -> None:
    large = bytearray(os.urandom(5000))
    contents = [b"", b"a", bytes(large), b"b", b"a", bytes(large), b"", b"a"]
    large[3] ^= 1  # as long, and alike in the middle
    contents.append(bytes(large))
    paths = [tmp_path / str(i) for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    assert sorted(equal_pictures(list(map(Picture, paths)))) == [[0, 6], [1, 4, 7], [2, 5]]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReIDError, match="it is a named pipe"):
        equal_pictures([Picture(p) for p in (tmp_path / "pipe", paths[0], paths[0])])


def test_crops_of_one_file_are_equal_in_one_box(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("the same")
    boxes = [
        ("a", None),
        ("a", (0, 0, 2, 2)),
        ("a", (1, 0, 2, 2)),
        ("b", (0, 0, 2, 2)),
        ("b", None),
    ]
    pictures = [Picture(tmp_path / name, box) for name, box in boxes]
    assert sorted(equal_pictures(pictures)) == [[0, 4], [1, 3]]


def test_crops_of_one_file_are_held_out_one_by_one() -> None:
    train = [
        Sample(Path(f"{camid}.jpg"), pid, camid, box=(10 * pid, place, 9 * pid + 9, 9))
        for pid in (1, 2, 3)
        for camid in (0, 1)
        for place in (0, 1)
    ]
    held = hold_out(train, 1)
    assert len(held.query) == len(held.gallery) == 2 and len(held.train) == 8
    assert {s.picture for s in (*held.train, *held.query, *held.gallery)} == {
        s.picture for s in train
    }


def test_a_file_that_is_alone_with_its_size_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("a", "bb", "ccc")]
    for path in paths:
        path.write_text(path.name)
    monkeypatch.setattr(os, "open", None)
    assert equal_pictures(list(map(Picture, paths))) == []


def test_a_picture_that_is_missing_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match=r"gone\.jpg cannot be read"):
        equal_pictures([Picture(tmp_path / "gone.jpg")])


def test_junk_and_distractors_are_never_held_out(write: Write) -> None:
    pictures = {f"t_{p}_{c}": f"{p}{c}" for p in ("junk", "0", "5", "6", "7") for c in (1, 2)}
    train = write(**pictures).train
    twice = (*train, *(replace(s, path=s.path.with_suffix(".png")) for s in train))
    assert {s.pid for s in hold_out(twice, 2).query} < {5, 6, 7}
    with pytest.raises(ReIDError, match="of 3 training identities 3 are seen by two cameras"):
        hold_out(twice, 3)  # junk and strangers are nobody to train on


def test_each_is_said_once_with_the_sets_name(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(**GOOD, t_3_4="g", g_3_4="c")
    folder = DatasetFolder(name="mine", root=tmp_path, source="here", clock="none")
    with caplog.at_level(logging.WARNING):
        log_split_counts(folder)
    assert [r.getMessage()[:7] for r in caplog.records] == ["mine: 1", "mine: 1"]
