"""How many identities, cameras and pictures a set has, and whether these are the official counts."""

from collections.abc import Mapping, Sequence

from reid_lightning.data.sample import DISTRACTOR, JUNK, Sample, Splits

Counts = dict[str, dict[str, int]]


def split_counts(splits: Splits) -> Counts:
    """Pictures, labelled identities, cameras, junk and distractors of every split."""
    named = {"train": splits.train, "query": splits.query, "gallery": splits.gallery}
    return {name: _count(samples) for name, samples in named.items()}


def _count(samples: Sequence[Sample]) -> dict[str, int]:
    pids = [s.pid for s in samples]
    return {
        "pictures": len(pids),
        "identities": len(set(pids) - {JUNK, DISTRACTOR}),
        "cameras": len({s.camid for s in samples}),
        "junk": pids.count(JUNK),
        "distractors": pids.count(DISTRACTOR),
    }


def differences(counts: Counts, expected: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One phrase for every count that is not the expected one."""
    return [
        f"{split} has {counts[split][what]} {what} instead of {count}"
        for split, official in expected.items()
        for what, count in official.items()
        if counts[split][what] != count
    ]
