from pathlib import Path

import pytest
from trees import touch

from reid_lightning.data.counts import split_counts
from reid_lightning.data.readers.msmt17 import read_msmt17
from reid_lightning.errors import ReIDError

# As the archive has them: of each list, a picture and its pid a line.
LISTS = {
    "list_train.txt": (
        "0000/0000_000_01_0303morning_0008_0.jpg 0",
        "0000/0000_001_01_0303morning_0015_0.jpg 0",
        "0000/0000_002_14_0303morning_0031_1.jpg 0",
        "0001/0001_000_02_0113noon_0022_0.jpg 1",
        "0001/0001_001_15_0113noon_0029_0_ex.jpg 1",
    ),
    "list_val.txt": (
        "0000/0000_003_02_0303afternoon_0045_0.jpg 0",
        "0001/0001_002_03_0113noon_0036_0.jpg 1",
    ),
    "list_query.txt": (
        "0000/0000_000_01_0303morning_0036_1.jpg 0",
        "0001/0001_000_05_0302noon_0024_1.jpg 1",
        "0002/0002_000_03_0302noon_0024_1.jpg 2",
    ),
    "list_gallery.txt": (
        "0000/0000_001_03_0303morning_0043_1.jpg 0",
        "0001/0001_001_01_0302noon_0031_1.jpg 1",
        "0002/0002_001_15_0302noon_0031_1.jpg 2",
        "0002/0002_002_14_0302noon_0038_0.jpg 2",
    ),
}
VERSIONS = {"MSMT17_V1": ("train", "test"), "MSMT17_V2": ("mask_train_v2", "mask_test_v2")}


def make(root: Path, version: str = "MSMT17_V1") -> Path:
    train, test = VERSIONS[version]
    for name, lines in LISTS.items():
        folder = train if name in ("list_train.txt", "list_val.txt") else test
        touch(root / version / folder, *(line.split()[0] for line in lines))
        (root / version / name).write_text("".join(f"{line}\n" for line in lines))
    return root


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("below", [True, False])
def test_both_versions_are_read_also_from_the_folder_above(
    version: str, below: bool, tmp_path: Path
) -> None:
    root = make(tmp_path, version)
    splits = read_msmt17(root / version if below else root)
    none = {"junk": 0, "distractors": 0}
    assert split_counts(splits) == {
        "train": {"pictures": 7, "identities": 2, "cameras": 5} | none,
        "query": {"pictures": 3, "identities": 3, "cameras": 3} | none,
        "gallery": {"pictures": 4, "identities": 3, "cameras": 4} | none,
    }
    assert all(s.path.is_file() for s in (*splits.train, *splits.query, *splits.gallery))
    assert splits.has_cameras and not splits.not_read


def test_people_of_the_test_lists_follow_those_of_training(tmp_path: Path) -> None:
    splits = read_msmt17(make(tmp_path))
    assert [s.pid for s in splits.train] == [0, 0, 0, 1, 1, 0, 1]
    assert [s.pid for s in splits.query] == [2, 3, 4]
    assert [s.pid for s in splits.gallery] == [2, 3, 4, 4]


def test_cameras_are_the_third_part_of_the_name(tmp_path: Path) -> None:
    splits = read_msmt17(make(tmp_path))
    assert [s.camid for s in splits.train] == [0, 0, 13, 1, 14, 1, 2]
    assert {s.time for s in splits.train} == {None}


def test_windows_line_ends_and_blank_lines_are_read(tmp_path: Path) -> None:
    folder = make(tmp_path) / "MSMT17_V1"
    before = read_msmt17(folder)
    for name, lines in LISTS.items():
        (folder / name).write_bytes("\ufeff".encode() + "\r\n".join((*lines, "", " ")).encode())
    assert read_msmt17(folder) == before


@pytest.mark.parametrize("missing", [["list_query.txt"], list(LISTS)])
def test_a_copy_without_lists_is_told_from_no_copy(missing: list[str], tmp_path: Path) -> None:
    folder = make(tmp_path) / "MSMT17_V1"
    for name in missing:
        (folder / name).unlink()
    for root in (folder, tmp_path):
        with pytest.raises(ReIDError, match=rf"MSMT17_V1 has no {', '.join(missing)}: who is on"):
            read_msmt17(root)
    with pytest.raises(ReIDError, match=r"No MSMT17 at .*\(data\.root\): neither train and test"):
        read_msmt17(touch(tmp_path / "other", "x.jpg"))


def test_two_versions_in_one_folder_are_refused(tmp_path: Path) -> None:
    for version in VERSIONS:
        make(tmp_path, version)
    with pytest.raises(ReIDError, match=r"several sets \(MSMT17_V1, MSMT17_V2\): set data\.root"):
        read_msmt17(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "0000/0000_000_01_0303morning_0008_0.jpg",
        "0000/0000_000_01_0303morning_0008_0.jpg -1",
        "0000/0000_000_01_0303morning_0008_0.jpg 1.0",
        "0000/0000_000_01_0303morning_0008_0.jpg \u0663",
        f"0000/0000_000_01_0303morning_0008_0.jpg {10**15 + 1}",
        f"0000/0000_000_01_0303morning_0008_0.jpg {'9' * 5000}",
        "0000/0000_000_00_0303morning_0008_0.jpg 0",
        "0000/0000_000_x_0303morning_0008_0.jpg 0",
        f"0000/0000_000_{'9' * 40}_0303morning_0008_0.jpg 0",
        "0000/0001_c1s1_000451.jpg 0",
        " 0",
        "\x00",
    ],
)
def test_another_line_is_named(line: str, tmp_path: Path) -> None:
    folder = make(tmp_path) / "MSMT17_V1"
    with (folder / "list_query.txt").open("a") as file:
        file.write(line)
    with pytest.raises(ReIDError, match=r"list_query\.txt, line 4: "):
        read_msmt17(folder)
