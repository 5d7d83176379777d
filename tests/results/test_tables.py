"""The tables that `reid data` prints."""

from pathlib import Path

from trees import paint

from reid_lightning.data.pictures import Picture, Unreadable
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.data.set_facts import SplitFacts, Spread, picture_sizes, set_facts
from reid_lightning.results.tables import camera_table, counts_table, facts_table


def make(folder: Path) -> Splits:
    """Two people to train on, one of them by one camera; one to test on; junk and a stranger."""
    paint(folder, *(f"{n}.png" for n in range(9)))
    rows = [(1, 0), (1, 0), (1, 2), (2, 1), (3, 0), (3, 1), (-1, 1), (0, 1)]
    samples = [Sample(folder / f"{n}.png", pid, camid) for n, (pid, camid) in enumerate(rows)]
    cropped = Sample(folder / "8.png", 3, 2, box=(2, 3, 9, 99))
    gone = Sample(folder / "gone.png", 3, 2)
    splits = Splits(tuple(samples[:4]), tuple(samples[4:5]), (*samples[5:], cropped, gone))
    return with_roles(splits, distractor_pid=0)


def test_facts_of_a_small_set(tmp_path: Path) -> None:
    splits = make(tmp_path)
    sizes = picture_sizes([s.picture for s in (*splits.train, *splits.query, *splits.gallery)])
    assert sizes[splits.train[0].picture] == (16, 32)
    assert sizes[Picture(tmp_path / "8.png", (2, 3, 9, 99))] == (7, 29)
    assert isinstance(sizes[Picture(tmp_path / "gone.png")], Unreadable)
    assert set_facts(splits, sizes) == {
        "train": SplitFacts(
            Spread(1, 2, 3), {"1": 2, "2": 1, "3": 1}, 1, Spread(16, 16, 16), Spread(32, 32, 32)
        ),
        "test": SplitFacts(
            Spread(4, 4, 4), {"1": 1, "2": 3, "3": 2}, 0, Spread(7, 16, 16), Spread(29, 32, 32)
        ),
    }


def test_where_nothing_is_known_none_is_said(tmp_path: Path) -> None:
    gone = (Sample(tmp_path / "gone.png", -1, 0, role="junk"),)
    splits = Splits(gone, gone, gone)
    facts = set_facts(splits, picture_sizes([splits.train[0].picture]))
    lines = facts_table(facts).splitlines()
    assert lines[2].split() == ["train", "none", "1", "–", "1", "–", "1", "0", "none", "none"]
    assert lines[3].split() == ["test", "none", "2", "–", "2", "–", "2", "0", "none", "none"]


def test_pictures_of_every_camera(tmp_path: Path) -> None:
    splits = make(tmp_path)
    facts = set_facts(splits, dict.fromkeys((s.picture for s in _all(splits)), (1, 1)))
    rows = [line.split() for line in camera_table(facts).splitlines()]
    assert rows[0] == ["camera", "train", "test"]
    assert rows[2:] == [["1", "2", "1"], ["2", "1", "3"], ["3", "1", "2"]]


def test_counts_are_as_they_are_given() -> None:
    rows = counts_table("mine", {"train": {"pictures": 12936, "junk": 0}}).splitlines()
    assert rows[0].split() == ["mine", "pictures", "junk"]
    assert rows[2].split() == ["train", "12,936", "0"]


def _all(splits: Splits) -> tuple[Sample, ...]:
    return (*splits.train, *splits.query, *splits.gallery)
