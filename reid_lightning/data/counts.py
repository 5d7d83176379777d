"""Counts of pictures, identities and cameras, and their differences from the official ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from reid_lightning.data.sample import Sample, Splits

Counts = dict[str, dict[str, int]]


def split_counts(splits: Splits) -> Counts:
    """Count the pictures, identities, cameras (if any), junk and distractors of every split."""
    samples_of = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
    counts = {name: _count(samples) for name, samples in samples_of.items()}
    if not splits.has_cameras:
        for count in counts.values():
            del count["cameras"]
    return counts


def _count(samples: Sequence[Sample]) -> dict[str, int]:
    roles = Counter(s.role for s in samples)
    return {
        "pictures": len(samples),
        "identities": len({s.pid for s in samples if s.role == "person"}),
        "cameras": len({s.camid for s in samples}),
        "junk": roles["junk"],
        "distractors": roles["distractor"],
    }


def camera_count(splits: Splits) -> int | str:
    """The number of cameras, or `no cameras`."""
    if not splits.has_cameras:
        return "no cameras"
    return len({s.camid for s in (*splits.train, *splits.query, *splits.gallery)})


def differences(counts: Counts, expected: Mapping[Any, Mapping[Any, int]]) -> list[str]:
    """One phrase for every count that differs from the expected one."""
    return [
        f"{split} has {counts[split].get(kind, 'no')} {kind} instead of {count}"
        for split, official in expected.items()
        for kind, count in official.items()
        if counts[split].get(kind, 0) != count
    ]
