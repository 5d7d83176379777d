"""A set without cameras: every picture counts but the query itself; none speaks of cameras."""

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_scores import rank
from trees import paint, touch

from reid_lightning.data.counts import camera_count, split_counts
from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.readers import read_folders
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.set_facts import picture_sizes, set_facts
from reid_lightning.data.set_warnings import equal_picture_warnings
from reid_lightning.data.splits import hold_out, split_by_identity
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.summary import summary
from reid_lightning.results.tables import counts_table, facts_table, score_table
from reid_lightning.run.scored_part import _check_matches

PEOPLE = st.dictionaries(st.integers(0, 30), st.integers(1, 4), min_size=2, max_size=12)


def of(people: dict[int, int], *, cameras: int = 0) -> list[Sample]:
    """`people[pid]` pictures of each, by `cameras` cameras in turn."""
    samples = [(pid, n) for pid, count in people.items() for n in range(count)]
    return [
        Sample(Path(f"{pid}/{n}.jpg"), pid, n % cameras if cameras else camid)
        for camid, (pid, n) in enumerate(samples)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    names = [f"{split}/{pid}/{n}.png" for split in ("train", "query", "gallery") for pid in "abc"
             for n in range(3)]  # fmt: skip
    paint(tmp_path, *names)
    return DatasetFolder(name="mine", root=tmp_path, reader=read_folders, clock="none")


def test_every_picture_of_the_gallery_is_a_match(folder: DatasetFolder) -> None:
    results = rank(folder.official)
    assert results.matches.tolist() == [3] * 9
    assert summary(results, 9)["left_out"] == 0


def test_queries_that_are_in_the_gallery_do_not_find_themselves() -> None:
    samples = tuple(of({1: 3, 2: 2, 3: 1}))
    results = rank(Splits((), samples, samples, has_cameras=False))
    assert results.matches.tolist() == [2, 2, 2, 1, 1, 0]


def test_nothing_is_counted_by_camera(folder: DatasetFolder) -> None:
    splits = folder.official
    assert camera_count(splits) == "no cameras" and folder.title == "mine (no cameras)"
    counts = split_counts(splits)
    assert all("cameras" not in row for row in counts.values())
    facts = set_facts(
        splits, picture_sizes([s.picture for s in splits.train + splits.query + splits.gallery])
    )
    assert all(not fact.per_camera and fact.one_camera == 0 for fact in facts.values())
    assert "camera" not in facts_table(facts) + counts_table("mine", counts)
    scores = {f"test/{name}": 0.5 for name in ("mAP", "rank1", "rank5", "rank10", "mINP")}
    assert "mine (no cameras)" in score_table(scores, data=folder.title, ap="step")


def test_with_cameras_they_are_counted() -> None:
    splits = Splits(tuple(of({1: 3}, cameras=2)), tuple(of({2: 1}, cameras=2)), ())
    assert camera_count(splits) == 2 and split_counts(splits)["train"]["cameras"] == 2


def test_equal_pictures_of_query_and_gallery_are_said(tmp_path: Path) -> None:
    names = ("train/x/1.png", "query/a/1.png", "gallery/a/2.png")
    splits = read_folders(paint(tmp_path, *names))
    assert not list(equal_picture_warnings(splits))
    (tmp_path / names[2]).write_bytes((tmp_path / names[1]).read_bytes())
    (text,) = equal_picture_warnings(splits)
    assert text.startswith("1 pair(s) of equal pictures are in query and gallery: each query finds")


def test_nothing_to_score_is_said_without_cameras(tmp_path: Path) -> None:
    splits = read_folders(touch(tmp_path, "train/x/1.png", "query/a/1.png", "gallery/b/2.png"))
    with pytest.raises(ReIDError, match="No query has a match in the pictures"):
        _check_matches(splits, "the pictures", 1.0)


def test_held_out_people_have_a_query_each() -> None:
    train = of({pid: 1 + pid % 3 for pid in range(9)})
    splits = hold_out(train, 4, has_cameras=False)
    assert not splits.has_cameras
    assert len(splits.query) == len({s.pid for s in splits.query}) == 4
    assert all(c > 0 for c in Counter(s.pid for s in splits.gallery).values())
    with pytest.raises(ReIDError, match="of 9 training identities 6 have two pictures"):
        hold_out(train, 7, has_cameras=False)


def test_held_out_people_are_validated_on(folder: DatasetFolder) -> None:
    held = DatasetFolder(
        name="mine", root=folder.root, reader=read_folders, clock="none", val_identities=2
    )
    assert len(held.used.query) == 2 and len(held.used.gallery) == 4 and len(held.used.train) == 3
    assert not held.used.has_cameras and rank(held.used).matches.tolist() == [2, 2]


@given(
    people=PEOPLE, share=st.floats(0.01, 0.99), cameras=st.sampled_from([0, 2]), random=st.randoms()
)
def test_a_split_by_identity_is_a_split(
    people: dict, share: float, cameras: int, random: object
) -> None:
    samples = of(people, cameras=cameras)
    try:
        splits = split_by_identity(samples, share, has_cameras=bool(cameras))
    except ReIDError as error:
        assert "data.test_share" in str(error)
        return
    parts = (splits.train, splits.query, splits.gallery)
    assert sorted(map(repr, samples)) == sorted(repr(s) for part in parts for s in part)
    trained, tested = {s.pid for s in splits.train}, {s.pid for s in splits.query}
    assert trained and tested and not trained & tested
    assert {s.pid for s in splits.gallery} == tested
    assert rank(replace(splits, train=())).matches.sum() > 0
    assert split_by_identity(samples, share, has_cameras=bool(cameras)) == splits
    shuffled = list(samples)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = split_by_identity(shuffled, share, has_cameras=bool(cameras))
    assert {s.pid for s in again.train} == trained


def test_strangers_added_to_the_gallery_match_nobody(folder: DatasetFolder, tmp_path: Path) -> None:
    touch(tmp_path / "more", "x.jpg", "0000_c1s1_000001_00.jpg")
    more = DatasetFolder(
        name="mine", root=folder.root, reader=read_folders, clock="none",
        extra_gallery=tmp_path / "more",
    )  # fmt: skip
    results = rank(more.official)
    assert results.matches.tolist() == [3] * 9 and not more.official.has_cameras


def test_frame_numbers_that_are_not_there_are_no_clock(folder: DatasetFolder) -> None:
    """All times would be 0, and the times that people need learnt from that."""
    clocked = DatasetFolder(name="mine", root=folder.root, reader=read_folders, clock="sequences")
    with pytest.raises(ReIDError, match=r"have no frame numbers, such as .*: set data\.clock=none"):
        _ = clocked.official


def test_the_log_says_so(folder: DatasetFolder, caplog: pytest.LogCaptureFixture) -> None:
    from reid_lightning.run.split_counts import log_split_counts

    with caplog.at_level(logging.INFO):
        log_split_counts(folder)
    assert "mine (no cameras)" in caplog.text


def test_embeddings_change_nothing_but_themselves() -> None:
    """The rule is that of sets with cameras: one more camera for each picture."""
    samples = tuple(of({1: 3, 2: 3, 3: 2}))
    without = rank(with_roles(Splits((), samples[:4], samples, has_cameras=False), None))
    cameras = rank(with_roles(Splits((), samples[:4], samples), None))
    assert all(torch.equal(a, b) for a, b in zip(without, cameras, strict=True))
