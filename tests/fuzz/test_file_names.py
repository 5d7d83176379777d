"""Files of any names in a set's folders: a sentence, or samples that say what the names say."""

import os
import tempfile
from pathlib import Path
from typing import Any

from attempt import Refused, attempt
from budget import examples
from hypothesis import example, given
from hypothesis import strategies as st

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.picture_files import list_pictures
from reid_lightning.data.readers.market1501 import parse_name, read_distractors, read_market1501
from reid_lightning.data.sample import Sample
from reid_lightning.scoring.embedded_samples import columns_of

NAMES_OF_SPLITS = ("train", "query", "gallery")
SPLITS = ("bounding_box_train", "query", "bounding_box_test")
PICTURES = (".jpg", ".JPG", ".jpeg", ".png", ".jpg.jpg", ".webp", ".TIF")
OTHERS = ("", ".txt", ".db", ".jpg.part", ".heic")
KINDS = ("a folder", "a pipe", "a link to nothing", "a link to itself", "a link to a file")
NUMBERS = st.one_of(
    st.integers(0, 30).map(str),
    st.integers(0, 9999).map("{:04}".format),
    st.integers(0, 10**20).map(str),
    st.sampled_from(["-1", "-2", "", " 1", "1.5", "1_0", "\u0663", "\u00b2", "9" * 100, "x"]),
)
PARTS = st.sampled_from(["_c", "c", "s", "_", "-", "__", "_f", ".", "\u2028", "\ud800", "\n"])
NEAR = st.lists(st.one_of(NUMBERS, PARTS), max_size=9).map("".join)
MARKET = st.builds("{}_c{}s{}_{}_{}".format, *[NUMBERS] * 5)
COUSINS = st.builds("{}_c{}_{}".format, *[NUMBERS] * 3)
HIDDEN = st.builds("{}{}".format, st.sampled_from([".", "._"]), MARKET)
BYTES = st.binary(min_size=1, max_size=30).map(os.fsdecode)
STEMS = st.one_of(MARKET, COUSINS, NEAR, HIDDEN, BYTES, st.text(max_size=20))
NAMES = st.builds(str.__add__, STEMS, st.sampled_from(PICTURES * 3 + OTHERS)).filter(
    lambda name: name not in ("", ".", "..") and not {"/", "\0"} & set(name) and encodes(name)
)
ENTRIES = st.dictionaries(NAMES, st.sampled_from(("a file",) * 12 + KINDS), max_size=4)
SOUND = st.builds(
    Sample,
    st.none(),
    st.integers(-1, 10**15),
    st.integers(0, 10**15 - 1),
    st.integers(1, 10**15),
    st.integers(0, 10**15),
)


def encodes(name: str) -> bool:
    try:
        return len(os.fsencode(name)) <= 255
    except UnicodeEncodeError:
        return False


def make(folder: Path, entries: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in entries.items():
        path = folder / name
        match kind:
            case "a folder":
                path.mkdir(exist_ok=True)
            case "a pipe":
                os.mkfifo(path)
            case "a link to nothing":
                path.symlink_to("nowhere")
            case "a link to itself":
                path.symlink_to(name)
            case "a link to a file":
                path.symlink_to(__file__)
            case _:
                path.touch()


def visible_pictures(folder: Path) -> set[str]:
    return {
        name
        for name in (path.name for path in folder.iterdir())
        if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".tif"))
        and not name.startswith(".")
    }


def named(sample: Sample, width: int, box: str, suffix: str) -> str:
    pid = f"{sample.pid:0{width}}" if sample.pid >= 0 else "-1"
    return f"{pid}_c{sample.camid + 1}s{sample.sequence}_{sample.frame:06}{box}{suffix}"


@examples(120)
@given(entries=ENTRIES)
@example(entries={os.fsdecode(b"\xff.jpg"): "a file"})
def test_any_names_are_read_whole_or_refused(entries: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "query"
        make(folder, entries)
        for read in (lambda paths: tuple(map(parse_name, paths)), read_distractors):
            samples = attempt(lambda read=read: read(list_pictures(folder).paths))
            if isinstance(samples, Refused):
                assert str(folder) in samples.message
                continue
            assert {s.path.name for s in samples} == visible_pictures(folder)
            assert len({s.path for s in samples}) == len(samples)
            assert all(s.path.is_file() and s.pid >= -1 and s.camid >= 0 for s in samples)
            columns_of(samples)  # as int64


@examples(60)
@given(data=st.data(), suffix=st.sampled_from(PICTURES), width=st.integers(1, 6))
def test_sound_names_are_read_as_written(data: st.DataObject, suffix: str, width: int) -> None:
    box = data.draw(st.sampled_from(["", "_0", "_07"]))
    given = data.draw(st.lists(SOUND, min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        expected = set()
        for sample in given:
            path = Path(folder) / named(sample, width, box, suffix)
            path.touch()
            expected.add((path, sample.pid, sample.camid, sample.sequence, sample.frame))
        read = map(parse_name, list_pictures(Path(folder)).paths)
    assert {(s.path, s.pid, s.camid, s.sequence, s.frame) for s in read} == expected


@examples(40)
@given(data=st.data(), held_out=st.integers(0, 2), clock=st.sampled_from(["sequences", "none"]))
def test_any_set_is_read_whole_or_refused(data: st.DataObject, held_out: int, clock: Any) -> None:
    """Of three folders, most of them with sound names."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / data.draw(st.sampled_from(["set", "a b", "\udcff", "=,'"]))
        for split in (*SPLITS, "more"):
            sound = data.draw(st.lists(SOUND, min_size=1, max_size=3))
            near = [Sample(Path(), s.pid % 3 - 1, s.camid % 3, s.sequence % 3 + 1) for s in sound]
            names = [named(s, 4, "_00", ".jpg") for s in data.draw(st.sampled_from([sound, near]))]
            strange = data.draw(st.sampled_from([True, False, False]))
            others = data.draw(ENTRIES) if strange else {}
            make(folder / split, others | dict.fromkeys(names, "a file"))
        dataset = DatasetFolder(
            name="any",
            root=folder,
            source="here",
            clock=clock,
            val_identities=held_out,
            extra_gallery=data.draw(st.sampled_from([(), [folder / "more"]])),
        )
        read = attempt(lambda: (dataset.official, dataset.used, read_market1501(folder)))
        if isinstance(read, Refused):
            return
        official, used, splits = read
        for samples in (*(getattr(s, n) for s in (official, used) for n in NAMES_OF_SPLITS),):
            columns_of(samples)
        for split, samples in zip(
            SPLITS, (splits.train, splits.query, splits.gallery), strict=True
        ):
            assert {s.path.name for s in samples} == visible_pictures(folder / split)
        assert not {s.pid for s in used.train} & {s.pid for s in used.query} or not held_out
