from pathlib import Path

import pytest

from reid_lightning.data.readers.market1501 import parse_name
from reid_lightning.data.sample import Splits
from reid_lightning.data.splits import hold_out, labels_of
from reid_lightning.errors import ReIDError


def people(count: int) -> tuple:
    """`count` people with 3 pictures on camera 1, 2 on camera 2, and one on camera 3."""
    return tuple(
        parse_name(Path(f"{pid:04}_c{camera}s1_{frame:06}_00.jpg"))
        for pid in range(2, 2 + count)
        for camera, pictures in ((1, 3), (2, 2), (3, 1))
        for frame in range(pictures)
    )


def test_labels_are_sorted_pids_renumbered() -> None:
    assert labels_of(people(3)[::-1]) == {2: 0, 3: 1, 4: 2}


def test_held_out_identities_give_one_query_a_camera_with_more_than_one_picture() -> None:
    train = people(10)
    splits = hold_out(train, 4)
    held_out = {s.pid for s in splits.query}
    assert len(held_out) == 4 and held_out.isdisjoint(s.pid for s in splits.train)
    assert {s.pid for s in splits.gallery} == held_out
    assert len(splits.query) == 4 * 2 and len(splits.gallery) == 4 * 4
    assert {*splits.train, *splits.query, *splits.gallery} == set(train)
    assert len({(s.pid, s.camid) for s in splits.query}) == len(splits.query)


def test_the_same_identities_are_held_out_every_time() -> None:
    assert hold_out(people(10), 4) == hold_out(people(10), 4)


def test_real_identities_can_be_held_out(market1501: Splits) -> None:
    splits = hold_out(market1501.train, 100)
    gallery = {(s.pid, s.camid) for s in splits.gallery}
    matched = [
        any(pid == q.pid and camid != q.camid for pid, camid in gallery) for q in splits.query
    ]
    assert sum(matched) / len(matched) > 0.95
    assert {q.pid for q, m in zip(splits.query, matched, strict=True) if m} == {
        s.pid for s in splits.gallery
    }


def test_identities_seen_by_one_camera_cannot_be_held_out() -> None:
    one_camera = tuple(s for s in people(5) if s.camid == 0)
    with pytest.raises(ReIDError, match="val_identities=1"):
        hold_out(one_camera, 1)


@pytest.mark.parametrize("count", [5, 6])
def test_at_least_one_identity_must_remain_to_train_on(count: int) -> None:
    with pytest.raises(ReIDError, match="too many"):
        hold_out(people(5), count)
