"""PK sampling: batches of P identities with K pictures each, the same over any number of ranks."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from reid_lightning.errors import ReIDError

T = TypeVar("T", bound=Hashable)


class Draw(NamedTuple):
    """One process's batch: its pictures' indices, and where it stands.

    `first` is the place of its first picture in the global batch.
    """

    pictures: list[int]
    epoch: int
    step: int
    first: int


class Deck(Generic[T]):
    """Deals cards from shuffled decks: every card once before any is dealt again."""

    def __init__(self, cards: Sequence[T], rng: np.random.Generator) -> None:
        self.cards, self.rng = cards, rng
        self.left: list[T] = []

    def deal(self, count: int) -> list[T]:
        """`count` cards; within them, too, each card is dealt once before any twice."""
        hand: list[T] = []
        while len(hand) < count:
            rest = len(hand) % len(self.cards)
            this_round = set(hand[len(hand) - rest :])
            card = next((c for c in self.left if c not in this_round), None)
            if card is None:
                self.left += [self.cards[i] for i in self.rng.permutation(len(self.cards))]
            else:
                self.left.remove(card)
                hand.append(card)
        return hand


class PKBatches:
    """A batch sampler: `p` identities × `k` pictures for this rank of `world_size`.

    Batches are a function of (seed, epoch, step, place in the global batch): the ranks' batches at
    a step, laid end to end, are the batch that one process with `world_size * p` identities would
    draw.

    Args:
        labels: the label of every training picture, by index.
        p, k: identities in this process's batch, pictures of each.
        seed: the run's seed.
        rank, world_size: this process's place among how many.
        epoch, step: where to begin, for a run that is resumed; later epochs begin at step 0.

    Raises:
        ReIDError: a global batch would need more identities than there are.
    """

    def __init__(
        self,
        labels: Sequence[int],
        *,
        p: int,
        k: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        epoch: int = 0,
        step: int = 0,
    ) -> None:
        self.pictures: dict[int, list[int]] = defaultdict(list)
        for index, label in enumerate(labels):
            self.pictures[label].append(index)
        if p * world_size > len(self.pictures):
            raise ReIDError(
                f"A batch of data.p={p} identities on each of {world_size} process(es) needs "
                f"{p * world_size} identities, but only {len(self.pictures)} are there to train "
                "on: lower data.p."
            )
        self.p, self.k, self.seed = p, k, seed
        self.rank, self.world_size = rank, world_size
        self.epoch, self.step = epoch, step
        self.length = max(1, len(labels) // (p * k * world_size))

    @property
    def sampler(self) -> "PKBatches":
        """Itself: Lightning sets the epoch of a batch sampler's `sampler`, not its own."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of every epoch."""
        if epoch != self.epoch:
            self.epoch, self.step = epoch, 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng([self.seed, self.epoch])
        identities = Deck(sorted(self.pictures), rng)
        pictures = {label: Deck(self.pictures[label], rng) for label in sorted(self.pictures)}
        size = self.p * self.k
        for step in range(self.length):
            batch = [
                index
                for label in identities.deal(self.p * self.world_size)
                for index in pictures[label].deal(self.k)
            ]
            if step >= self.step:
                first = self.rank * size
                yield Draw(batch[first : first + size], self.epoch, step, first)
