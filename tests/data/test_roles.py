"""Who is a person, a stranger or junk; and that strangers match nobody."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_scores import rank
from trees import touch

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.readers import read_table
from reid_lightning.data.roles import people, with_roles
from reid_lightning.data.sample import JUNK_PID, Role, Sample, Splits
from reid_lightning.metrics.summary import summary

ROLES: list[Role] = ["person", "distractor", "junk"]


def sample(pid: int, camid: int = 0, role: Role = "person", name: str = "x") -> Sample:
    return Sample(Path(name), pid, camid, role=role)


def everything(splits: Splits) -> tuple[Sample, ...]:
    return (*splits.train, *splits.query, *splits.gallery)


def test_every_distractor_has_a_pid_that_nobody_has() -> None:
    gallery = (sample(-1), sample(0), sample(0), sample(5), sample(3, role="distractor"))
    splits = with_roles(Splits((sample(0),), (sample(5),), gallery), distractor_pid=0)
    assert [s.pid for s in splits.gallery] == [-1, -3, -4, 5, -5]
    assert [s.role for s in splits.gallery] == ["junk", *["distractor"] * 2, "person", "distractor"]
    assert splits.train[0] == sample(-2, role="distractor")


def test_without_a_pid_of_distractors_0_is_a_person() -> None:
    splits = with_roles(Splits((sample(0),), (sample(0),), (sample(0), sample(-1))), None)
    assert [s.role for s in everything(splits)] == ["person", "person", "person", "junk"]
    assert [s.pid for s in everything(splits)] == [0, 0, 0, JUNK_PID]


@pytest.mark.parametrize(
    ("names", "strangers"),
    [
        (["alice", "bob"], []),  # of whom alice has the number 0
        (["0", "alice"], ["0"]),
        (["0000", "#5"], ["0000"]),  # 1, as both are names
        (["7", "0"], ["0"]),
        (["9" * 5000, "\u0660"], []),
    ],
)
def test_the_pid_of_distractors_is_no_number_of_a_name(
    names: list[str], strangers: list[str], tmp_path: Path
) -> None:
    rows = "".join(f"{n}.jpg,{name},gallery\n" for n, name in enumerate(names))
    (tmp_path / "t.csv").write_text(f"path,pid,split\n{rows}", encoding="utf-8")
    splits = with_roles(read_table(None, table=tmp_path / "t.csv"), distractor_pid=0)
    assert [s.identity for s in splits.gallery if s.role == "distractor"] == strangers


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.sampled_from(ROLES)), max_size=12),
    st.sampled_from([None, 0, -1, 3]),
)
def test_strangers_meet_nobody(rows: list[tuple[int, Role]], distractor_pid: int | None) -> None:
    samples = tuple(sample(pid, role=role) for pid, role in rows)
    before = Splits(samples[:4], samples[4:8], samples[8:])
    after = with_roles(before, distractor_pid)
    pids = [s.pid for s in everything(after) if s.role == "distractor"]
    assert len(pids) == len(set(pids)) and JUNK_PID not in pids
    assert not set(pids) & {s.pid for s in people(everything(after))}
    assert all((s.pid == JUNK_PID) == (s.role == "junk") for s in everything(after))


@pytest.fixture
def counted_from_0(tmp_path: Path) -> DatasetFolder:
    """A set like MSMT17, in which 0 is a person, with 40 strangers more."""
    rows = [f"{pid}_{c}_{n}.jpg,{pid},{c}" for pid in range(6) for c in range(2) for n in range(3)]
    query = [f"q{pid}_{c}.jpg,{pid},{c}" for pid in range(6) for c in range(2)]
    table = tmp_path / "t.csv"
    table.write_text(
        "\n".join(
            ["path,pid,camid,split", "t.jpg,9,0,train", *(f"{row},gallery" for row in rows)]
            + [f"{row},query" for row in query]
        )
    )
    touch(tmp_path / "more", *(f"{n:08}.jpg" for n in range(30)))
    touch(tmp_path / "more", *(f"0000_c{n % 2 + 1}s1_{n:06}_00.jpg" for n in range(30)))

    def read(root: Path | None) -> Splits:
        return read_table(root, table=table)

    return DatasetFolder(
        name="own", root=None, reader=read, clock="none", extra_gallery=tmp_path / "more"
    )


def test_strangers_of_an_extra_gallery_are_no_matches_of_person_0(
    counted_from_0: DatasetFolder,
) -> None:
    """They were: the mAP of person 0's queries rose with every stranger."""
    splits = counted_from_0.official
    results = rank(splits)
    assert results.matches.tolist() == [3] * 12  # of the other camera
    of_persons = replace(splits, gallery=people(splits.gallery))
    alone = rank(of_persons)
    assert bool((results.ap <= alone.ap).all()) and float(results.ap.sum()) < float(alone.ap.sum())
    # As with pids that are counted from 1, as Market-1501's are.
    from_1 = [tuple(replace(s, pid=s.pid + 1) if s.role == "person" else s for s in part)
              for part in (splits.query, splits.gallery)]  # fmt: skip
    other = rank(replace(splits, query=from_1[0], gallery=from_1[1]))
    assert torch.equal(results.ap, other.ap)


def test_a_query_that_is_a_stranger_matches_no_stranger() -> None:
    gallery = tuple(sample(0, c, name=f"g{c}") for c in range(4))
    gallery += tuple(sample(1, c, name=f"p{c}") for c in range(2))
    query = (sample(0, 9, name="q0"), sample(1, 9, name="q1"), sample(-1, 9, name="q2"))
    results = rank(with_roles(Splits((), query, gallery), distractor_pid=0))
    assert results.matches.tolist() == [0, 2, 0]
    scores = summary(results, 6)
    assert scores["left_out"] == 2 and scores["queries"] == 3
    assert rank(with_roles(Splits((), query, gallery), None)).matches.tolist() == [4, 2, 0]
