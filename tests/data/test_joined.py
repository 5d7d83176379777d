"""Several sets trained as one: nobody, and no camera, is in two of them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.joined import training_of
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.splits import labels_of

Labels = list[tuple[int, int]]  # pid and camid of each training picture
LABELS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=8)


def splits(number: int, labels: Labels) -> Splits:
    samples = tuple(
        Sample(Path(f"{number}/{i}.jpg"), pid, camid) for i, (pid, camid) in enumerate(labels)
    )
    return Splits(samples, samples[:1], samples[1:])


@given(sets=st.lists(LABELS, min_size=1, max_size=4))
def test_people_and_cameras_of_two_sets_are_never_the_same(sets: list[Labels]) -> None:
    first, *others = (splits(number, labels) for number, labels in enumerate(sets))
    before = [(n, pid, camid) for n, labels in enumerate(sets) for pid, camid in labels]
    after = [(s.pid, s.camid) for s in (*first.train, *training_of(others, first))]
    assert len(after) == len(before)
    for (n, pid, camid), (new_pid, new_camid) in zip(before, after, strict=True):
        for (m, other_pid, other_camid), (other_new_pid, other_new_camid) in zip(
            before, after, strict=True
        ):
            assert (new_pid == other_new_pid) == (n == m and pid == other_pid)
            assert (new_camid == other_new_camid) == (n == m and camid == other_camid)


def test_joined_people_are_not_those_of_the_first_sets_test() -> None:
    (sample,) = splits(0, [(3, 1)]).train
    first = Splits((sample,), (Sample(Path("q"), 9, 0),), (Sample(Path("g"), 9, 7),))
    (joined,) = training_of([splits(1, [(0, 0)])], first)
    assert (joined.pid, joined.camid) == (10, 8)


def test_distractors_and_junk_of_a_joined_set_are_not_trained_on() -> None:
    samples = (
        Sample(Path("a"), 0, 0),
        Sample(Path("b"), -1, 0, role="junk"),
        Sample(Path("c"), -2, 0, role="distractor"),
    )
    joined = training_of([Splits(samples, (), ())], splits(0, [(0, 0)]))
    assert [s.path.name for s in joined] == ["a"]


@pytest.mark.parametrize("held_out", [0, 5])
def test_a_joined_set_is_trained_on_and_not_scored(held_out: int, tiny_set: Path) -> None:
    def folder(**join: Any) -> DatasetFolder:
        return DatasetFolder(
            name="tiny", root=tiny_set, distractor_pid=0, val_identities=held_out, **join
        )

    alone, joined = folder(), folder(join=[folder()])
    assert len(labels_of(alone.used.train)) == 16 - held_out
    assert len(labels_of(joined.used.train)) == 16 - held_out + 16
    for name in ("query", "gallery"):
        assert getattr(joined.used, name) == getattr(alone.used, name)
        assert getattr(joined.official, name) == getattr(alone.official, name)
    pixels = {s.picture for s in joined.official.train}  # that are decoded
    assert {s.picture for s in joined.used.train} <= pixels
    assert len(joined.official.train) == 2 * len(alone.official.train)
