from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.batch_numbers import BatchNumbers
from reid_lightning.data.pk_batches import Deck, PKBatch, PKBatches
from reid_lightning.errors import ReIDError

label_lists = st.lists(st.integers(1, 9), min_size=6, max_size=14).map(
    lambda counts: [label for label, count in enumerate(counts) for _ in range(count)]
)


def of_epoch(batches: PKBatches, epoch: int = 0) -> list[PKBatch]:
    return [batches.batch(epoch, step) for step in range(len(batches))]


@given(label_lists, st.integers(1, 3), st.integers(1, 5), st.integers(2, 3), st.integers(0, 3))
def test_ranks_batches_laid_end_to_end_are_one_processs_batch(
    labels: list[int], p: int, k: int, world_size: int, epoch: int
) -> None:
    if p * world_size > len(set(labels)):
        p = len(set(labels)) // world_size
    ranks = [
        PKBatches(labels, p=p, k=k, seed=5, rank=r, world_size=world_size)
        for r in range(world_size)
    ]
    alone = PKBatches(labels, p=p * world_size, k=k, seed=5)
    joined = list(zip(*(of_epoch(rank, epoch) for rank in ranks), strict=True))
    for step, (parts, whole) in enumerate(zip(joined, of_epoch(alone, epoch), strict=True)):
        assert [index for part in parts for index in part.pictures] == whole.pictures
        assert [part.first for part in parts] == [r * p * k for r in range(world_size)]
        assert {part[1:3] for part in (*parts, whole)} == {(epoch, step)}
    assert len(alone) == len(joined) == max(1, len(labels) // (p * k * world_size))


@given(label_lists, st.integers(1, 6), st.integers(1, 5))
def test_a_batch_holds_p_identities_and_k_pictures_of_each(
    labels: list[int], p: int, k: int
) -> None:
    for batch, *_ in of_epoch(PKBatches(labels, p=p, k=k, seed=0)):
        groups = [batch[i : i + k] for i in range(0, len(batch), k)]
        of_group = [{labels[picture] for picture in group} for group in groups]
        assert all(len(identities) == 1 for identities in of_group)
        assert len(set.union(*of_group)) == p
        for group in groups:
            available = labels.count(labels[group[0]])
            times = Counter(group).values()
            assert len(times) == min(k, available) and max(times) == -(-k // available)


class SlowDeck:
    """Deals card by card."""

    def __init__(self, cards: range, rng: np.random.Generator) -> None:
        self.cards, self.rng, self.pile = cards, rng, list[int]()

    def deal(self, count: int) -> list[int]:
        hand: list[int] = []
        while len(hand) < count:
            this_round = hand[len(hand) - len(hand) % len(self.cards) :]
            card = next((c for c in self.pile if c not in this_round), None)
            if card is None:
                self.pile.extend(self.cards[i] for i in self.rng.permutation(len(self.cards)))
            else:
                self.pile.remove(card)
                hand.append(card)
        return hand


@given(st.integers(1, 9), st.lists(st.integers(1, 12), max_size=12))
def test_hands_are_those_of_dealing_card_by_card(size: int, hands: list[int]) -> None:
    deck, slow = (kind(range(size), np.random.default_rng(7)) for kind in (Deck, SlowDeck))
    assert [deck.deal(count) for count in hands] == [slow.deal(count) for count in hands]


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
    batches = of_epoch(PKBatches(labels, p=5, k=2, seed=1))
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert {labels[i] for i in first.pictures + second.pictures} == set(range(10))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    labels = [label for label in range(8) for _ in range(4)]
    batches = PKBatches(labels, p=4, k=2, seed=1)
    pictures = [[batch.pictures for batch in of_epoch(batches, epoch)] for epoch in (0, 1, 0)]
    assert pictures[0] == pictures[2] != pictures[1]
    other = of_epoch(PKBatches(labels, p=4, k=2, seed=2))
    assert [batch.pictures for batch in other] != pictures[0]


def test_a_batch_depends_on_its_position_alone() -> None:
    """Not on the batches before: loader processes take turns, and a resumed run skips some."""
    labels = [label for label in range(8) for _ in range(4)]
    whole = PKBatches(labels, p=2, k=2, seed=1)
    expected = {(epoch, step): whole.batch(epoch, step) for epoch in range(3) for step in range(8)}
    for position in [(2, 7), (0, 3), (0, 1), (2, 0), (1, 5)]:
        assert PKBatches(labels, p=2, k=2, seed=1).batch(*position) == expected[position]
        assert whole.batch(*position) == expected[position]


def test_more_identities_than_there_are_is_refused() -> None:
    with pytest.raises(ReIDError, match=r"data.p=3 .* 2 process.* 6 identities, but only 5"):
        PKBatches([0, 1, 2, 3, 4], p=3, k=2, seed=0, world_size=2)


@given(label_lists, st.integers(0, 3), st.integers(0, 3))
def test_a_resumed_epoch_continues_with_its_next_batch(
    labels: list[int], epoch: int, step: int
) -> None:
    batches = PKBatches(labels, p=2, k=2, seed=3)
    numbers = BatchNumbers(len(batches), epoch=epoch, step=step)
    for begun in (epoch, epoch + 1):  # the first epoch is known before Lightning sets it
        resumed = [batches.batch(*divmod(number, len(batches))) for number in numbers]
        assert resumed == of_epoch(batches, begun)[step if begun == epoch else 0 :]
        assert len(numbers) == len(batches), "Lightning counts the steps of an epoch by it"
        numbers.set_epoch(epoch)
        numbers.set_epoch(epoch + 1)
