"""Uniforms by identity: allowed, uniform, and told where there is nothing to draw."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_lightning.losses.sampling import runs, sample_other, sample_same

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=12)


@given(LABELS, st.integers(0, 10**6))
@settings(deadline=None)
def test_draws_are_of_the_identity_asked_for(names: list[int], seed: int) -> None:
    labels, generator = torch.tensor(names), torch.Generator().manual_seed(seed)
    chance = torch.rand(3, len(names), generator=generator)
    by, anchor = runs(labels), torch.arange(len(names))
    same, found = sample_same(chance[0], by)
    other, met = sample_other(chance[1], by, anchor)
    third, further = sample_other(chance[2], by, anchor, other)
    for a, name in enumerate(names):
        assert found[a] == (names.count(name) > 1)
        assert met[a] == (len(set(names)) > 1)
        if found[a]:
            assert same[a] != a and names[same[a]] == name
        if met[a]:
            assert names[other[a]] != name
            assert further[a] == (len(set(names)) > 2)
            assert not further[a] or len({name, names[other[a]], names[third[a]]}) == 3


def test_every_allowed_picture_has_the_same_share_of_the_chance() -> None:
    labels = torch.tensor([3, 1, 1, 3, 2, 1, 3, 0])
    by = runs(labels)
    cells = 840  # divides by every number of choices
    share = (torch.arange(cells) + 0.5) / cells
    for a in range(len(labels)):
        drawn = torch.tensor(
            [int(sample_same(torch.full((8,), float(c)), by)[0][a]) for c in share]
        )
        allowed = [j for j in range(8) if j != a and labels[j] == labels[a]]
        if allowed:
            assert {int(j): int((drawn == j).sum()) for j in drawn.unique()} == dict.fromkeys(
                allowed, cells // len(allowed)
            )
    anchor = torch.arange(8)
    drawn = torch.stack([sample_other(torch.full((8,), float(c)), by, anchor)[0] for c in share])
    for a in range(8):
        allowed = [j for j in range(8) if labels[j] != labels[a]]
        assert set(drawn[:, a].tolist()) == set(allowed)
        if cells % len(allowed) == 0:
            assert all(int((drawn[:, a] == j).sum()) == cells // len(allowed) for j in allowed)
