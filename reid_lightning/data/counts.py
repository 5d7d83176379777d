"""Counts of pictures, identities and cameras, and their differences from the official ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from reid_lightning.data.sample import DISTRACTOR, JUNK, Sample, Splits

Counts = dict[str, dict[str, int]]


def split_counts(splits: Splits) -> Counts:
    """Count the pictures, labelled identities, cameras, junk and distractors of every split."""
    samples_of = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
    return {name: _count(samples) for name, samples in samples_of.items()}


def _count(samples: Sequence[Sample]) -> dict[str, int]:
    pids = [s.pid for s in samples]
    return {
        "pictures": len(pids),
        "identities": len(set(pids) - {JUNK, DISTRACTOR}),
        "cameras": len({s.camid for s in samples}),
        "junk": pids.count(JUNK),
        "distractors": pids.count(DISTRACTOR),
    }


def differences(counts: Counts, expected: Mapping[Any, Mapping[Any, int]]) -> list[str]:
    """One phrase for every count that differs from the expected one."""
    return [
        f"{split} has {counts[split][kind]} {kind} instead of {count}"
        for split, official in expected.items()
        for kind, count in official.items()
        if counts[split][kind] != count
    ]
