"""What pids stand for: people, distractors and junk."""

from collections.abc import Iterable
from dataclasses import replace

from reid_lightning.data.sample import JUNK_PID, Role, Sample, Splits


def with_roles(splits: Splits, distractor_pid: int | None) -> Splits:
    """Give every sample the pid that its role has in scores.

    Junk has -1, and every distractor a pid of its own that no person has: strangers match nobody,
    and no one another.

    Args:
        splits: as a reader gives them.
        distractor_pid: the pid of distractors, such as 0 in Market-1501; None where every pid is a
            person's, or where the reader says what is a distractor. A number that stands for a name
            is none.
    """
    pids = (s.pid for split in (splits.train, splits.query, splits.gallery) for s in split)
    unused = min(pids, default=JUNK_PID)
    unused = min(unused, JUNK_PID) - 1
    roles: dict[int | None, Role] = {JUNK_PID: "junk", distractor_pid: "distractor", None: "person"}

    def scored(samples: Iterable[Sample]) -> Iterable[Sample]:
        nonlocal unused
        for sample in samples:
            number = _number(sample)
            role = roles.get(number, "person") if sample.role == "person" else sample.role
            if role == "junk":
                yield replace(sample, pid=JUNK_PID, role=role)
            elif role == "distractor":
                yield replace(sample, pid=unused, role=role)
                unused -= 1
            else:
                yield sample

    return replace(
        splits,
        train=tuple(scored(splits.train)),
        query=tuple(scored(splits.query)),
        gallery=tuple(scored(splits.gallery)),
    )


def people(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """The samples that are neither distractors nor junk."""
    return tuple(s for s in samples if s.role == "person")


def _number(sample: Sample) -> int | None:
    """The number that a person has in the set's own files; None of a name."""
    if not (name := sample.identity):
        return sample.pid
    return int(name) if name.isascii() and name.isdecimal() and len(name) < 16 else None
