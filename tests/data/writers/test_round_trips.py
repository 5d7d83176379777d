"""A set written in another layout and read back is the same set, with the same scores."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from random_scores import rank
from trees import paint

from reid_lightning.data.clock import with_times
from reid_lightning.data.counts import split_counts
from reid_lightning.data.pictures import decode
from reid_lightning.data.readers import read_folders, read_market1501, read_table
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Role, Sample, Splits
from reid_lightning.data.writers import write_market1501, write_table
from reid_lightning.errors import ReIDError

OFFICIAL = {
    "train": {"pictures": 12936, "identities": 751, "cameras": 6, "junk": 0, "distractors": 0},
    "query": {"pictures": 3368, "identities": 750, "cameras": 6, "junk": 0, "distractors": 0},
    "gallery": {
        "pictures": 19732, "identities": 750, "cameras": 6, "junk": 3819, "distractors": 2798,
    },
}  # fmt: skip


def everything(splits: Splits) -> tuple[Sample, ...]:
    return (*splits.train, *splits.query, *splits.gallery)


def through_table(splits: Splits, folder: Path) -> Splits:
    write_table(splits, folder / "set.csv")
    return with_roles(read_table(None, table=folder / "set.csv"), None)


def through_market1501(splits: Splits, folder: Path) -> Splits:
    write_market1501(splits, folder / "set")
    read = read_market1501(folder / "set")
    if any(s.time is not None for s in everything(splits)):
        read = with_times(read)
    return with_roles(read, 0)


def labels(splits: Splits) -> list[list[tuple]]:
    """What a set says of every picture but its name, in any order."""
    return [
        sorted((s.pid if s.role == "person" else -1, s.camid, s.time or -1, s.role) for s in split)
        for split in (splits.train, splits.query, splits.gallery)
    ]


def by_hand(splits: Splits, table: Path) -> Splits:
    """Market-1501 as a user would list it: its pids and cameras as they stand in the names."""
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "pid", "camid", "split"])
        samples_of = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
        for split, samples in samples_of.items():
            for s in samples:
                pid, camera = s.path.name.split("_")[:2]
                rows.writerow([s.path.absolute(), pid, camera[1], split])
    return with_roles(read_table(None, table=table), 0)


def test_market1501_as_a_table_scores_exactly_the_same(market1501: Splits, tmp_path: Path) -> None:
    written = through_table(market1501, tmp_path)
    listed = by_hand(market1501, tmp_path / "by_hand.csv")
    expected = rank(market1501)
    for splits in (written, listed):
        assert split_counts(splits) == OFFICIAL
        for column, other in zip(expected, rank(splits), strict=True):
            assert torch.equal(column, other)
    samples = zip(everything(market1501), everything(written), strict=True)
    assert all(
        (a.pid, a.camid, a.time, a.role) == (b.pid, b.camid, b.time, b.role)
        and b.path.resolve() == a.path.resolve()
        for a, b in samples
    )


@pytest.mark.parametrize("through", [through_table, through_market1501])
def test_the_synthetic_set_and_back(
    through: Callable[[Splits, Path], Splits], tiny_set: Path, tmp_path: Path
) -> None:
    splits = with_roles(with_times(read_market1501(tiny_set)), 0)
    back = through(splits, tmp_path)
    assert labels(back) == labels(splits) and split_counts(back) == split_counts(splits)
    contents = [sorted(s.path.read_bytes() for s in everything(x)) for x in (splits, back)]
    assert contents[0] == contents[1]


@pytest.fixture
def own(tmp_path: Path) -> Splits:
    """Crops and whole pictures of several formats, with times, of people counted from 0."""
    root = tmp_path / "own"
    paint(root, *(f"{n}.png" for n in range(6)), "7.JPG", "8.gif", "9.webp", "a b,c.bmp", "Zoë.tif")
    Image.open(root / "0.png").save(root / "picture", "PNG")  # without a suffix
    roles: list[Role] = ["person", "person", "distractor", "junk"]
    paths = sorted(root.iterdir())
    samples = [
        Sample(
            path, pid=n % 3, camid=n % 2, time=100 + n, role=roles[n % 4] if n > 5 else "person",
            box=(1, 2, 9 + n, 30) if n % 3 == 0 else None,
        )
        for n, path in enumerate(paths)
    ]  # fmt: skip
    query = (samples[3], replace(samples[3], box=None), samples[4])
    return with_roles(Splits(tuple(samples[:3]), query, tuple(samples[3:])), None)


def test_boxes_times_and_strangers_stand_in_a_table(own: Splits, tmp_path: Path) -> None:
    back = through_table(own, tmp_path)
    assert everything(back) == tuple(
        replace(s, path=tmp_path / s.path.relative_to(tmp_path)) for s in everything(own)
    )


def test_boxes_times_and_strangers_in_market1501s_layout(own: Splits, tmp_path: Path) -> None:
    back = through_market1501(own, tmp_path)
    shifted = replace(
        own,
        **{
            name: tuple(
                replace(s, pid=s.pid + 1) if s.role == "person" else s for s in getattr(own, name)
            )
            for name in ("train", "query", "gallery")
        },
    )
    assert labels(back) == labels(shifted)
    for name in ("train", "query", "gallery"):
        before, after = ({s.time: [] for s in getattr(x, name)} for x in (own, back))
        for found, splits in ((before, own), (after, back)):
            for s in getattr(splits, name):
                found[s.time].append(np.asarray(decode(s.picture)))
        for time, pictures in before.items():
            assert sorted(p.tobytes() for p in pictures) == sorted(p.tobytes() for p in after[time])


def test_without_cameras_scores_are_the_same(tmp_path: Path) -> None:
    names = [
        f"{split}/{pid}/{n}.png"
        for split in ("query", "gallery")
        for pid in "abc"
        for n in range(3)
    ]
    splits = with_roles(read_folders(paint(tmp_path / "own", "train/d/1.png", *names)), None)
    table, market = through_table(splits, tmp_path), through_market1501(splits, tmp_path)
    assert not table.has_cameras and split_counts(table) == split_counts(splits)
    assert [s.pid for s in everything(table)] == [s.pid for s in everything(splits)]
    assert [len(x) for x in (market.query, market.gallery)] == [9, 9]
    renamed = {
        name: tuple(replace(s, path=Path(f"{name} {i}")) for i, s in enumerate(samples))
        for name, samples in (("query", splits.query), ("gallery", splits.gallery))
    }
    for other in (table, market):
        again = {
            name: tuple(replace(s, path=Path(f"{name} {i}")) for i, s in enumerate(samples))
            for name, samples in (("query", other.query), ("gallery", other.gallery))
        }
        assert torch.equal(rank(replace(splits, **renamed)).ap, rank(replace(other, **again)).ap)


def test_a_picture_of_query_and_gallery_never_finds_itself(tmp_path: Path) -> None:
    """As in OML's tables, where a row may be both."""
    paint(tmp_path, *(f"{n}.png" for n in range(5)))
    a, b, c, d, e = (Sample(tmp_path / f"{n}.png", n // 2, n) for n in range(5))
    splits = Splits((e,), (a, b, c), (a, b, c, d), has_cameras=False)
    assert rank(splits).matches.tolist() == [1, 1, 1]
    for through in (through_table, through_market1501):
        assert rank(through(splits, tmp_path / through.__name__)).matches.tolist() == [1, 1, 1]


def test_frame_0_of_a_later_sequence_stays_frame_0(tmp_path: Path) -> None:
    names = ("bounding_box_train/0001_c1s1_000500_00.png", "query/0002_c1s2_000000_00.png",
             "bounding_box_test/0002_c2s1_000700_00.png")  # fmt: skip
    splits = with_roles(with_times(read_market1501(paint(tmp_path / "m", *names))), 0)
    assert [s.time for s in splits.query] == [500]
    assert labels(through_market1501(splits, tmp_path)) == labels(splits)


PATHS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)
SAMPLES = st.builds(
    Sample,
    path=PATHS.filter(lambda name: name not in (".", "..")).map(
        lambda n: Path("/pictures", n + "x")
    ),
    pid=st.integers(0, 10**15),
    camid=st.integers(0, 10**15),
    time=st.none() | st.integers(0, 10**15),
    role=st.sampled_from(["person", "distractor", "junk"]),
    box=st.none() | st.tuples(*[st.integers(-99, 0)] * 2, *[st.integers(1, 10**12)] * 2),
)


@given(splits=st.builds(Splits, *[st.lists(SAMPLES, min_size=1, max_size=3).map(tuple)] * 3))
def test_a_table_says_all_of_a_set_or_is_not_written(
    splits: Splits, tmp_path_factory: pytest.TempPathFactory
) -> None:
    splits = with_roles(splits, None)
    file = tmp_path_factory.getbasetemp() / "law.csv"
    file.unlink(missing_ok=True)
    try:
        write_table(splits, file)
    except ReIDError as error:
        assert "cannot stand in a table" in str(error)
        return
    back = with_roles(read_table(None, table=file), None)
    for before, after in zip(everything(splits), everything(back), strict=True):
        assert after.path.resolve() == before.path
        assert replace(after, path=before.path, pid=before.pid) == before
        assert after.role != "person" or after.pid == before.pid


def test_nothing_is_overwritten(own: Splits, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "mine").mkdir()
    with pytest.raises(ReIDError, match=r"mine\.csv exists: name another file"):
        write_table(own, tmp_path / "mine.csv")
    with pytest.raises(ReIDError, match="mine exists: name another folder"):
        write_market1501(own, tmp_path / "mine")
    with pytest.raises(ReIDError, match=r"is written as CSV: name a file \.csv"):
        write_table(own, tmp_path / "t.parquet")
    assert (tmp_path / "mine.csv").read_text() == "mine" and not any((tmp_path / "mine").iterdir())


def test_a_picture_that_cannot_be_read_leaves_no_folder(own: Splits, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for path in (tmp_path / "gone.jpg", tmp_path / "own"):
        broken = replace(own, query=(*own.query, replace(own.query[-1], path=path, box=None)))
        with pytest.raises(ReIDError, match=f"The picture {path} cannot be read"):
            write_market1501(broken, tmp_path / "new")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", [" a.png", "a\r.png", b"caf\xe9.png"])
def test_names_that_no_table_holds_are_said(name: str | bytes, tmp_path: Path) -> None:
    import os

    path = tmp_path / os.fsdecode(name)
    splits = Splits((Sample(path, 1, 0),), (), ())
    with pytest.raises(ReIDError, match="cannot stand in a table"):
        write_table(splits, tmp_path / "t.csv")
    assert not list(tmp_path.iterdir())


def test_paths_start_from_what_a_link_stands_for(own: Splits, tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    file = tmp_path / "link" / "t.csv"
    write_table(own, file)
    assert all(s.path.is_file() for s in everything(read_table(None, table=file)))
