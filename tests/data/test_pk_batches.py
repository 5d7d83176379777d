from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.pk_batches import Deck, PKBatches
from reid_lightning.errors import ReIDError

label_lists = st.lists(st.integers(1, 9), min_size=6, max_size=14).map(
    lambda counts: [label for label, count in enumerate(counts) for _ in range(count)]
)


@given(label_lists, st.integers(1, 3), st.integers(1, 5), st.integers(2, 3), st.integers(0, 3))
def test_ranks_batches_laid_end_to_end_are_one_processs_batch(
    labels: list[int], p: int, k: int, world_size: int, epoch: int
) -> None:
    if p * world_size > len(set(labels)):
        p = len(set(labels)) // world_size
    ranks = [
        PKBatches(labels, p=p, k=k, seed=5, rank=r, world_size=world_size) for r in range(world_size)
    ]
    alone = PKBatches(labels, p=p * world_size, k=k, seed=5)
    for sampler in (*ranks, alone):
        sampler.set_epoch(epoch)
    joined = list(zip(*ranks, strict=True))
    for step, (parts, whole) in enumerate(zip(joined, alone, strict=True)):
        assert sum((part.pictures for part in parts), []) == whole.pictures
        assert [part.first for part in parts] == [r * p * k for r in range(world_size)]
        assert {part[1:3] for part in (*parts, whole)} == {(epoch, step)}
    assert len(alone) == len(joined) == max(1, len(labels) // (p * k * world_size))


@given(label_lists, st.integers(1, 6), st.integers(1, 5))
def test_a_batch_holds_p_identities_and_k_pictures_of_each(
    labels: list[int], p: int, k: int
) -> None:
    for batch, *_ in PKBatches(labels, p=p, k=k, seed=0):
        groups = [batch[i : i + k] for i in range(0, len(batch), k)]
        of_group = [{labels[picture] for picture in group} for group in groups]
        assert all(len(found) == 1 for found in of_group)
        assert len(set.union(*of_group)) == p
        for group in groups:
            available = labels.count(labels[group[0]])
            times = Counter(group).values()
            assert len(times) == min(k, available) and max(times) == -(-k // available)


@given(st.integers(1, 9), st.lists(st.integers(1, 12), max_size=12))
def test_every_card_is_dealt_once_before_any_is_dealt_again(size: int, hands: list[int]) -> None:
    deck = Deck(range(size), np.random.default_rng(0))
    dealt: Counter[int] = Counter()
    for count in hands:
        hand = deck.deal(count)
        assert max(Counter(hand).values()) == -(-count // size)
        dealt.update(hand)
    # A hand may look ahead into the next deck for cards that it does not hold yet, not further.
    counts = [dealt[card] for card in range(size)]
    assert max(counts) - min(counts) <= 2


def test_identities_are_dealt_from_decks_over_an_epoch() -> None:
    labels = [label for label in range(10) for _ in range(4)]
    batches = list(PKBatches(labels, p=5, k=2, seed=1))
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert {labels[i] for i in first.pictures + second.pictures} == set(range(10))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    labels = [label for label in range(8) for _ in range(4)]
    sampler = PKBatches(labels, p=4, k=2, seed=1)
    first, again = list(sampler), list(sampler)
    assert first == again
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(PKBatches(labels, p=4, k=2, seed=2)) != first


def test_more_identities_than_there_are_is_told() -> None:
    with pytest.raises(ReIDError, match=r"data.p=3 .* 2 process.* 6 identities, but only 5"):
        PKBatches([0, 1, 2, 3, 4], p=3, k=2, seed=0, world_size=2)


@given(label_lists, st.integers(0, 3), st.integers(0, 3))
def test_a_resumed_epoch_goes_on_with_its_next_batch(
    labels: list[int], epoch: int, step: int
) -> None:
    whole = PKBatches(labels, p=2, k=2, seed=3)
    rest = PKBatches(labels, p=2, k=2, seed=3, epoch=epoch, step=step)
    for begun in (epoch, epoch + 1):  # the epoch is known before Lightning tells it
        whole.set_epoch(begun)
        assert list(rest) == list(whole)[step if begun == epoch else 0 :]
        assert len(rest) == len(whole), "Lightning counts the steps of an epoch by it"
        rest.set_epoch(epoch)
        rest.set_epoch(epoch + 1)
