"""Which files of a folder are pictures, and which are named as none."""

import logging
from pathlib import Path

import pytest
from PIL import Image

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.picture_files import SUFFIXES, list_pictures
from reid_lightning.data.pictures import FORMATS
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.errors import ReIDError
from reid_lightning.run.split_counts import log_split_counts

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A set whose every folder has one picture of each suffix, alternating in case."""
    for number, folder in enumerate(FOLDERS):
        (tmp_path / folder).mkdir()
        for camera, suffix in enumerate(SUFFIXES, 1):
            shown = suffix.upper() if camera % 2 else suffix
            path = tmp_path / folder / f"0001_c{camera}s1_00000{number}_00{shown}"
            kind = Image.registered_extensions()[suffix]
            Image.new("RGB", (4, 8), (10 * camera, 99, 80 * number)).save(path, kind)
    return tmp_path


def test_a_set_of_mixed_formats_uses_them_all(mixed: Path) -> None:
    """It used its JPEGs and PNGs alone."""
    splits = read_market1501(mixed)
    for samples in (splits.train, splits.query, splits.gallery):
        assert sorted(s.camid for s in samples) == list(range(len(SUFFIXES)))
    assert splits.not_read == ()


def test_every_suffix_is_of_a_format_that_is_read() -> None:
    formats = {Image.registered_extensions()[suffix] for suffix in SUFFIXES}
    assert formats - {"DIB"} == set(FORMATS)  # a DIB is a BMP without its first header


def test_what_is_no_picture_is_kept_by_name_and_hidden_files_are_none(tmp_path: Path) -> None:
    hidden = (".DS_Store", "._b.jpg", "Thumbs.db")  # the last on Windows
    for name in ("b.jpg", "a.PNG", "me.heic", "x.jpg.part", "notes", *hidden):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    paths, not_read = list_pictures(tmp_path)
    assert [p.name for p in paths] == ["a.PNG", "b.jpg"]
    assert [p.name for p in not_read] == ["me.heic", "more", "notes", "x.jpg.part"]


def test_a_folder_without_pictures_says_how_much_else_it_holds(tmp_path: Path) -> None:
    (tmp_path / "me.heic").touch()
    with pytest.raises(ReIDError, match=r"holds no picture .* 1 other files and folders"):
        list_pictures(tmp_path)


def test_files_left_out_are_counted_and_named(
    mixed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(4):
        (mixed / "query" / f"{number}.heic").touch()
    (mixed / "bounding_box_test" / "list.csv").touch()
    (mixed / "more").mkdir()
    Image.new("RGB", (4, 8)).save(mixed / "more" / "any.webp")
    (mixed / "more" / "any.avif").touch()
    folder = DatasetFolder(name="Mine", root=mixed, source="", extra_gallery=mixed / "more")
    caplog.set_level(logging.WARNING)
    log_split_counts(folder)
    (text,) = [m for m in caplog.messages if "no pictures" in m]
    assert text.startswith("Mine: 6 files and folders are no pictures that can be read")
    named = [f"query/{n}.heic" for n in range(4)] + ["bounding_box_test/list.csv"]
    assert all(str(mixed / name) in text for name in named)
    assert "any.avif" not in text and text.endswith("list.csv, ….")
