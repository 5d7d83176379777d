"""PK sampling: batches of P identities with K pictures each, the same over any number of ranks."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from reid_lightning.errors import ReIDError
from reid_lightning.seeds import random_stream

T = TypeVar("T", bound=Hashable)


class PKBatch(NamedTuple):
    """One process's batch: indices of training pictures, and the batch's position.

    `first` is the index of its first picture in the global batch.
    """

    pictures: list[int]
    epoch: int
    step: int
    first: int


class Deck(Generic[T]):
    """Deals cards from shuffled decks: every card once before any is dealt again."""

    def __init__(self, cards: Sequence[T], rng: np.random.Generator) -> None:
        self.cards, self.rng = cards, rng
        self.remaining: list[T] = []

    def deal(self, count: int) -> list[T]:
        """Deal `count` cards; also among these, each card comes once before any comes twice."""
        top = self.remaining[:count]
        if len(set(top)) == count:  # nearly always, and much faster than card by card
            del self.remaining[:count]
            return top
        hand: list[T] = []
        while len(hand) < count:
            round_length = len(hand) % len(self.cards)
            this_round = set(hand[len(hand) - round_length :])
            card = next((c for c in self.remaining if c not in this_round), None)
            if card is None:
                self.remaining += [
                    self.cards[i] for i in self.rng.permutation(len(self.cards)).tolist()
                ]
            else:
                self.remaining.remove(card)
                hand.append(card)
        return hand


class PKBatches:
    """The training batches of one rank: `p` identities × `k` pictures each.

    Batches are a function of (seed, epoch, step, rank): the ranks' batches at a step, laid end to
    end, are the batch of a single process with `world_size * p` identities. `len()` is the number
    of batches in an epoch.

    Args:
        labels: the label of every training picture, by the picture's index.
        p, k: identities in this rank's batch, and pictures of each.
        seed: the run's seed.
        rank, world_size: this process, and the number of processes.

    Raises:
        ReIDError: a global batch needs more identities than there are.
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
    ) -> None:
        self.labels, self.pictures = labels, defaultdict[int, list[int]](list)
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
        self.steps = max(1, len(labels) // (p * k * world_size))
        self._dealt: tuple[int, list[list[int]]] | None = None  # the last epoch and its batches

    def __len__(self) -> int:
        return self.steps

    def batch(self, epoch: int, step: int) -> PKBatch:
        """The batch at `step` of `epoch` (both from 0).

        The first call for an epoch deals all batches of that epoch; they are kept until another
        epoch is dealt.
        """
        if self._dealt is None or self._dealt[0] != epoch:
            self._dealt = epoch, self._deal(epoch)
        return PKBatch(self._dealt[1][step], epoch, step, self.rank * self.p * self.k)

    def _deal(self, epoch: int) -> list[list[int]]:
        """This rank's share of every global batch of an epoch."""
        rng = random_stream("batches", self.seed, epoch)
        identities = Deck(sorted(self.pictures), rng)
        pictures = {label: Deck(self.pictures[label], rng) for label in sorted(self.pictures)}
        first, last = (rank * self.p * self.k for rank in (self.rank, self.rank + 1))
        shares = []
        for _ in range(self.steps):
            global_batch = [
                index
                for label in identities.deal(self.p * self.world_size)
                for index in pictures[label].deal(self.k)
            ]
            shares.append(global_batch[first:last])
        return shares
