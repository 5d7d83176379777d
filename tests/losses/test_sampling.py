"""Sampling by identity: only candidates, uniformly, with a mask of where candidates exist."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.losses.sampling import (
    label_segments,
    sample_other_identity,
    sample_same_identity,
)

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=12)


@given(LABELS, st.integers(0, 10**6))
@settings(deadline=None)
def test_samples_have_the_requested_identity(names: list[int], seed: int) -> None:
    labels, generator = torch.tensor(names), torch.Generator().manual_seed(seed)
    uniforms = torch.rand(3, len(names), generator=generator)
    segments, anchor = label_segments(labels), torch.arange(len(names))
    same, has_same = sample_same_identity(uniforms[0], segments)
    other, has_other = sample_other_identity(uniforms[1], segments, anchor)
    third, has_third = sample_other_identity(uniforms[2], segments, anchor, other)
    for a, name in enumerate(names):
        assert has_same[a] == (names.count(name) > 1)
        assert has_other[a] == (len(set(names)) > 1)
        if has_same[a]:
            assert same[a] != a and names[same[a]] == name
        if has_other[a]:
            assert names[other[a]] != name
            assert has_third[a] == (len(set(names)) > 2)
            assert not has_third[a] or len({name, names[other[a]], names[third[a]]}) == 3


def test_every_candidate_is_equally_likely() -> None:
    labels = torch.tensor([3, 1, 1, 3, 2, 1, 3, 0])
    segments = label_segments(labels)
    count = 840  # a multiple of every number of candidates
    grid = (torch.arange(count) + 0.5) / count
    for a in range(len(labels)):
        samples = torch.tensor(
            [int(sample_same_identity(torch.full((8,), float(u)), segments)[0][a]) for u in grid]
        )
        candidates = [j for j in range(8) if j != a and labels[j] == labels[a]]
        if candidates:
            assert {int(j): int((samples == j).sum()) for j in samples.unique()} == dict.fromkeys(
                candidates, count // len(candidates)
            )
    anchor = torch.arange(8)
    samples = torch.stack(
        [sample_other_identity(torch.full((8,), float(u)), segments, anchor)[0] for u in grid]
    )
    for a in range(8):
        candidates = [j for j in range(8) if labels[j] != labels[a]]
        assert set(samples[:, a].tolist()) == set(candidates)
        if count % len(candidates) == 0:
            assert all(
                int((samples[:, a] == j).sum()) == count // len(candidates) for j in candidates
            )
