from collections import Counter
from pathlib import Path

import pytest
from trees import touch

from reid_lightning.data.clock import with_times
from reid_lightning.data.counts import differences, split_counts
from reid_lightning.data.picture_files import list_pictures
from reid_lightning.data.readers.market1501 import (
    find_layout,
    parse_name,
    read_distractors,
    read_market1501,
)
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError

BOXES = ((1, 1), (1, 2), (2, 6), (2, 7))  # camera and number of a detected box


def test_a_name_is_parsed() -> None:
    sample = parse_name(Path("query/0012_c3s2_000451_07.jpg"))
    assert (sample.pid, sample.camid, sample.sequence, sample.frame) == (12, 2, 2, 451)


@pytest.mark.parametrize(
    ("name", "pid"), [("-1_c1s1_000401_03.jpg", -1), ("0000_c6s4_1_00.jpg", 0)]
)
def test_junk_and_distractors_are_read(name: str, pid: int) -> None:
    assert parse_name(Path(name)).pid == pid


def test_market1501s_doubled_suffix_is_read() -> None:
    assert parse_name(Path("0071_c6s2_072743_00.jpg.jpg")).frame == 72743


def test_cuhk03_np_names_are_read() -> None:
    sample = parse_name(Path("0003_c2_8.png"))
    assert (sample.pid, sample.camid, sample.sequence, sample.frame) == (3, 1, 1, 8)


@pytest.mark.parametrize(
    "name",
    [
        *("person.jpg", "0001_c0s1_000001_00.jpg", "-2_c1s1_000001_00.jpg", "0001_cx_000001.jpg"),
        "000\u0663_c1s1_000001_00.jpg",  # Python's int takes digits of any script
    ],
)
def test_other_names_are_refused_with_the_path(name: str) -> None:
    with pytest.raises(ReIDError, match=name):
        parse_name(Path("somewhere") / name)


def test_the_real_set_has_the_official_counts(market1501: Splits) -> None:
    counts = split_counts(market1501)
    assert counts["train"] == {
        "pictures": 12936, "identities": 751, "cameras": 6, "junk": 0, "distractors": 0,
    }  # fmt: skip
    assert counts["query"]["pictures"] == 3368 and counts["query"]["identities"] == 750
    assert counts["gallery"] == {
        "pictures": 19732, "identities": 750, "cameras": 6, "junk": 3819, "distractors": 2798,
    }  # fmt: skip


def test_the_real_queries_have_14_74_cross_camera_positives(market1501: Splits) -> None:
    of_pid = Counter(s.pid for s in market1501.gallery)
    of_camera = Counter((s.pid, s.camid) for s in market1501.gallery)
    positives = [of_pid[q.pid] - of_camera[q.pid, q.camid] for q in market1501.query]
    assert min(positives) > 0
    assert sum(positives) / len(positives) == pytest.approx(14.74, abs=0.005)


def test_the_real_cameras_have_6_3_3_6_3_4_sequences(market1501: Splits) -> None:
    sequences = {
        (s.camid, s.sequence)
        for split in (market1501.train, market1501.query, market1501.gallery)
        for s in split
    }
    assert [sum(c == camid for c, _ in sequences) for camid in range(6)] == [6, 3, 3, 6, 3, 4]


def test_sequences_are_laid_end_to_end_on_a_cameras_clock() -> None:
    def read(*names: str) -> tuple:
        return tuple(parse_name(Path(n)) for n in names)

    splits = with_times(
        Splits(
            train=read("0001_c1s1_000010_00.jpg", "0001_c1s3_000005_00.jpg"),
            query=read("0002_c1s2_000003_00.jpg", "0002_c2s1_000099_00.jpg"),
            gallery=read("-1_c1s1_000040_00.jpg", "0002_c1s2_000020_00.jpg"),
        )
    )
    assert [s.time for s in splits.train] == [10, 40 + 20 + 5]
    assert [s.time for s in splits.query] == [40 + 3, 99]
    assert [s.time for s in splits.gallery] == [40, 40 + 20]


def test_layout_is_found_one_level_below(tiny_set: Path) -> None:
    assert find_layout(tiny_set.parent) == tiny_set == find_layout(tiny_set)
    with pytest.raises(ReIDError, match=r"query \(data\.root\): no folder bounding_box_train"):
        find_layout(tiny_set / "query")


def test_several_sets_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("detected", "labeled"):
        (tmp_path / name / "bounding_box_train").mkdir(parents=True)
    with pytest.raises(ReIDError, match=r"several sets \(detected, labeled\)"):
        find_layout(tmp_path)


def test_a_difference_from_the_official_counts_is_reported() -> None:
    counts = {"train": {"pictures": 3, "identities": 2}}
    assert differences(counts, {"train": {"pictures": 4, "identities": 2}}) == [
        "train has 3 pictures instead of 4"
    ]


def test_an_empty_folder_and_a_wrong_name_are_refused(tmp_path: Path) -> None:
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (tmp_path / folder).mkdir()
    with pytest.raises(ReIDError, match="bounding_box_train holds no picture"):
        read_market1501(tmp_path)
    (tmp_path / "bounding_box_train" / "Thumbs.db").touch()
    (tmp_path / "bounding_box_train" / "me.jpg").touch()
    with pytest.raises(ReIDError, match=r"me\.jpg is not named as Market-1501"):
        read_market1501(tmp_path)


def test_distractors_are_read_whatever_their_names(tmp_path: Path) -> None:
    for name in ("0000_c3s1_000451_00.jpg", "0012_c2s1_000451_00.jpg", "00000001.jpg", "x.txt"):
        (tmp_path / name).touch()
    read = read_distractors(list_pictures(tmp_path).paths)
    assert [(s.path.name, s.pid, s.camid, s.time) for s in read] == [
        ("00000001.jpg", 0, 0, None),
        ("0000_c3s1_000451_00.jpg", 0, 2, None),
        ("0012_c2s1_000451_00.jpg", 0, 1, None),
    ]
    with pytest.raises(ReIDError, match="is missing"):
        list_pictures(tmp_path / "nowhere")


def test_hidden_files_are_no_pictures(tmp_path: Path) -> None:
    for name in ("._0001_c1s1_000001_00.jpg", ".DS_Store", ".0001_c1s1_000001_00.png"):
        (tmp_path / name).touch()
    with pytest.raises(ReIDError, match="holds no picture"):
        list_pictures(tmp_path)
    (tmp_path / "0001_c1s1_000001_00.jpg").touch()
    assert list_pictures(tmp_path) == ([tmp_path / "0001_c1s1_000001_00.jpg"], [])


@pytest.mark.parametrize("name", ["9_c1s1_1_1", "1_c9s1_1_1", "1_c1s9_1_1", "1_c1s1_9_1"])
def test_numbers_beyond_int64_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / (name.replace("9", "9" * 30) + ".jpg")
    with pytest.raises(ReIDError, match=f"the number {'9' * 30} in its name"):
        parse_name(path)
    if "c9" in name:
        with pytest.raises(ReIDError, match="in its name"):
            read_distractors([path])


def test_leading_zeros_and_large_numbers_are_read() -> None:
    sample = parse_name(Path(f"{'0' * 40}7_c{10**12}s1_{10**12}_00.jpg"))
    assert (sample.pid, sample.camid, sample.frame) == (7, 10**12 - 1, 10**12)


def test_times_that_no_clock_of_frames_shows_are_refused() -> None:
    nanoseconds = parse_name(Path("0001_c1s1_17000000000000_00.jpg"))
    with pytest.raises(ReIDError, match=r"17000000000000 of .* set data\.clock=none"):
        with_times(Splits((nanoseconds,), (), ()))
    halves = tuple(parse_name(Path(f"0001_c1s{s}_600000000000_00.jpg")) for s in (1, 2))
    with pytest.raises(ReIDError, match="is no time"):
        with_times(Splits(halves, (), ()))


COUSINS = {
    "DukeMTMC-reID": (
        {
            "bounding_box_train": [
                *("0001_c2_f0046182.jpg", "0001_c2_f0046302.jpg", "0001_c5_f0051341.jpg"),
                *("0007_c6_f0087451.jpg", "0007_c8_f0087791.jpg"),
            ],
            "query": ["0005_c2_f0046985.jpg", "0005_c5_f0051781.jpg", "0033_c1_f0057706.jpg"],
            "bounding_box_test": [
                *("0005_c2_f0047105.jpg", "0005_c5_f0051901.jpg", "0033_c6_f0088691.jpg"),
                *("7139_c8_f0062105.jpg", "7140_c8_f0062105.jpg"),
            ],
        },
        {"train": (5, 2, 4), "query": (3, 2, 3), "gallery": (5, 4, 4)},
    ),
    "VeRi-776": (
        {
            "image_train": [f"0001_c{camera:03}_00016450_0.jpg" for camera in range(1, 21)],
            "image_query": ["0002_c002_00030600_0.jpg", "0005_c020_00078140_0.jpg"],
            "image_test": [
                *("0002_c002_00030605_1.jpg", "0002_c001_00016450_0.jpg"),
                *("0005_c010_00077620_0.jpg", "0005_c020_00078145_0.jpg"),
            ],
        },
        {"train": (20, 1, 20), "query": (2, 2, 2), "gallery": (4, 2, 4)},
    ),
    "CUHK03-NP": (
        {
            "bounding_box_train": [f"{pid:04}_c{c}_{n}.png" for pid in (1, 4) for c, n in BOXES],
            "query": ["0003_c1_1.png", "0003_c2_6.png"],
            "bounding_box_test": ["0003_c1_2.png", "0003_c2_7.png", "0003_c2_10.png"],
        },
        {"train": (8, 2, 2), "query": (2, 1, 2), "gallery": (3, 1, 2)},
    ),
}


@pytest.mark.parametrize("name", COUSINS)
def test_cousins_have_the_counts_of_their_names(name: str, tmp_path: Path) -> None:
    folders, expected = COUSINS[name]
    for folder, names in folders.items():
        touch(tmp_path / "set" / folder, *names)
    splits = read_market1501(tmp_path)
    counts = {
        split: (row["pictures"], row["identities"], row["cameras"])
        for split, row in split_counts(splits).items()
    }
    assert counts == expected and not splits.not_read and splits.has_cameras


def test_the_cameras_of_veri776_are_twenty(tmp_path: Path) -> None:
    for folder, names in COUSINS["VeRi-776"][0].items():
        touch(tmp_path / folder, *names)
    splits = read_market1501(tmp_path)
    assert [s.camid for s in splits.train] == list(range(20))
    assert [(s.pid, s.camid, s.frame) for s in splits.query] == [(2, 1, 30600), (5, 19, 78140)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0005_c2_f0046985.jpg", (5, 1, 1, 46985)),
        ("0002_c001_00016450_0.jpg", (2, 0, 1, 16450)),
        ("0002_c020_00016450_0.jpg", (2, 19, 1, 16450)),
        ("0002_c01s02_000451_03.jpg", (2, 0, 2, 451)),
        ("0002_c1s1_000451_00.PNG", (2, 0, 1, 451)),
        ("0001_C1S1_000451_00.jpg", (1, 0, 1, 451)),
        ("0001_c1_10.png", (1, 0, 1, 10)),
        ("12345_c10s6_000451_03.jpg", (12345, 9, 6, 451)),
    ],
)
def test_names_of_the_family(name: str, expected: tuple[int, ...]) -> None:
    sample = parse_name(Path(name))
    assert (sample.pid, sample.camid, sample.sequence, sample.frame) == expected


@pytest.mark.parametrize(
    "name", ["0001_c000_1_0.jpg", "0001_c1s0_1_0.jpg", "0001_c1_fx.jpg", "0001C1T0001F001.jpg"]
)
def test_strangers_to_the_family_are_refused(name: str) -> None:
    with pytest.raises(ReIDError, match=r"is not named as Market-1501 .* data=table or data=fold"):
        parse_name(Path(name))


def test_what_is_no_picture_is_kept(tmp_path: Path) -> None:
    for folder, names in COUSINS["CUHK03-NP"][0].items():
        touch(tmp_path / folder, *names, "notes.txt", ".DS_Store")
    (tmp_path / "query" / "more").mkdir()
    found = sorted(str(path.relative_to(tmp_path)) for path in read_market1501(tmp_path).not_read)
    assert found == [
        *("bounding_box_test/notes.txt", "bounding_box_train/notes.txt"),
        *("query/more", "query/notes.txt"),
    ]
