"""data.on_unreadable: all pictures that cannot be read are named, or left out alike everywhere."""

import logging
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest

from reid_lightning.data import unreadable
from reid_lightning.data.content_key import content_key
from reid_lightning.data.counts import split_counts
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.equal_pictures import equal_pictures
from reid_lightning.data.pictures import Picture
from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.run.split_counts import log_split_counts


class Damaged:
    """A set with an empty training picture, half a query, and a gallery picture that is missing."""

    def __init__(self, tiny_set: Path, root: Path) -> None:
        self.root, self.cache = root / "set", root / "cache"
        shutil.copytree(tiny_set, self.root)
        self.sound = self.folder("error").official
        self.samples = (self.sound.train[3], self.sound.query[2], self.sound.gallery[5])
        self.paths = [s.path for s in self.samples]
        self.contents = [path.read_bytes() for path in self.paths]
        self.paths[0].write_bytes(b"")
        self.paths[1].write_bytes(self.contents[1][:300])
        self.paths[2].unlink()
        self.paths[2].symlink_to("nowhere")

    def folder(self, on_unreadable: Any, **more: Any) -> DatasetFolder:
        def read(root: Path) -> Splits:  # a list of files names what there may not be
            return self.sound

        more = {"reader": read} | more if hasattr(self, "sound") else more
        return DatasetFolder(
            name="Mine",
            root=self.root,
            source="",
            on_unreadable=on_unreadable,
            cache=self.cache,
            **more,
        )


@pytest.fixture
def damaged(tiny_set: Path, tmp_path: Path) -> Damaged:
    return Damaged(tiny_set, tmp_path)


def without(damaged: Damaged) -> Splits:
    kept = [
        tuple(s for s in samples if s not in damaged.samples)
        for samples in (damaged.sound.train, damaged.sound.query, damaged.sound.gallery)
    ]
    return Splits(kept[0], kept[1], kept[2])


def test_by_default_all_of_them_are_named_at_once(damaged: Damaged) -> None:
    sets = damaged.folder("error").official
    pictures = [s.picture for s in (*sets.train, *sets.query, *sets.gallery)]
    with pytest.raises(ReIDError) as caught:
        equal_pictures(pictures)
    head, *lines = str(caught.value).splitlines()
    assert head == (
        "3 pictures cannot be read: restore them from the data set's archive, or set "
        "data.on_unreadable=skip."
    )
    assert [line.split(" (")[0] for line in lines] == list(map(str, damaged.paths))
    assert "link to a missing file" in lines[2]


def test_the_name_of_a_store_needs_every_file(damaged: Damaged) -> None:
    missing = [*damaged.paths[2:], damaged.root / "a.jpg", damaged.root / "b.jpg"]
    with pytest.raises(ReIDError, match="3 pictures cannot be read") as caught:
        content_key([Picture(p, box) for p in missing for box in (None, (0, 0, 1, 1))], 8, 4)
    assert [line.split(" (")[0] for line in str(caught.value).splitlines()[1:]] == list(
        map(str, missing)
    )


def test_skip_leaves_them_out_counts_and_names_them(
    damaged: Damaged, caplog: pytest.LogCaptureFixture
) -> None:
    folder = damaged.folder("skip", expected=split_counts(damaged.sound))
    caplog.set_level(logging.WARNING)
    log_split_counts(folder)
    assert folder.official == without(damaged) == folder.used
    said = [m for m in caplog.messages if "cannot be read" in m]
    assert len(said) == 1 and said[0].startswith("Mine: 3 pictures cannot be read, and are left")
    assert all(f"\n{path} (" in said[0] for path in damaged.paths)
    assert "query has" in caplog.text  # and not as many as expected


def test_they_are_looked_for_once_until_one_is_mended(
    damaged: Damaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Picture] = []
    original = unreadable.try_decode

    def counted(picture: Picture) -> Any:
        decoded.append(picture)
        return original(picture)

    monkeypatch.setattr(unreadable, "try_decode", counted)
    count = sum(map(len, (damaged.sound.train, damaged.sound.query, damaged.sound.gallery)))
    assert damaged.folder("skip").official == without(damaged)
    assert len(decoded) == count + 3  # and why these cannot be read
    assert damaged.folder("skip").official == without(damaged)
    assert len(decoded) == count + 3 + 3
    for path, content in zip(damaged.paths, damaged.contents, strict=True):
        path.unlink()
        path.write_bytes(content)
        left = [s.path for s in damaged.samples[damaged.paths.index(path) + 1 :]]
        folder = damaged.folder("skip")
        assert len(folder.official.train) == len(damaged.sound.train)
        assert sorted(p for p, _ in folder.left_out) == sorted(left)
    assert damaged.folder("skip").official == damaged.sound


def test_a_record_that_a_disk_has_changed_is_not_used(damaged: Damaged) -> None:
    assert damaged.folder("skip").official == without(damaged)
    (file,) = damaged.cache.glob("*.readable")
    file.write_bytes(b"\1" + bytes(len(file.read_bytes()) - 1))
    assert damaged.folder("skip").official == without(damaged)


def left_out(damaged: Damaged, results: "multiprocessing.Queue[list[Path]]") -> None:
    folder = damaged.folder("skip")
    _ = folder.official
    results.put([path for path, _ in folder.left_out])


def test_ranks_that_start_together_leave_out_the_same(damaged: Damaged) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    ranks = [context.Process(target=left_out, args=(damaged, results)) for _ in range(2)]
    for rank in ranks:
        rank.start()
    found = [results.get(timeout=60) for _ in ranks]
    for rank in ranks:
        rank.join()
    assert found[0] == found[1] == sorted(damaged.paths)
    assert len(list(damaged.cache.glob("*.readable"))) == 1


def test_a_split_of_which_nothing_is_left_is_refused(damaged: Damaged) -> None:
    for sample in damaged.sound.query:
        sample.path.write_bytes(b"no picture")
    with pytest.raises(ReIDError, match=r"The query split of Mine.* has no picture"):
        _ = damaged.folder("skip").official


def test_a_folder_that_cannot_be_used_is_named(damaged: Damaged) -> None:
    damaged.cache.touch()
    with pytest.raises(ReIDError, match=r"\(data.cache\), which cannot be used .* set data.cache"):
        _ = damaged.folder("skip").official


def test_another_word_is_refused(damaged: Damaged) -> None:
    with pytest.raises(ReIDError, match=r"data\.on_unreadable=ignore must be error or skip"):
        damaged.folder("ignore")
