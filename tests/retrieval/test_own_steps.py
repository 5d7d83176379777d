"""Retrieval steps of one's own: where they stand, and what they may return."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.retrieval import EmbeddedSet, NeighbourMean, Retrieval


def embedded(count: int, seed: int) -> EmbeddedSet:
    x = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))
    numbers = torch.arange(count)
    return EmbeddedSet(x, numbers, numbers % 2, -torch.ones(count, dtype=torch.long))


QUERY, GALLERY = embedded(5, 0), embedded(9, 1)


def halve(query: EmbeddedSet, gallery: EmbeddedSet) -> tuple[Tensor, Tensor]:
    return query.embeddings[:, :3], gallery.embeddings[:, :3]


def shift(query: EmbeddedSet, gallery: EmbeddedSet) -> tuple[Tensor, Tensor]:
    return query.embeddings - 1, gallery.embeddings * 2


@pytest.mark.parametrize("normalize", [True, False])
def test_they_are_taken_first_in_their_order(normalize: bool) -> None:
    packages = Retrieval(expansion=NeighbourMean(2, 1.0))
    before = QUERY._replace(embeddings=QUERY.embeddings[:, :3] - 1)
    gallery = GALLERY._replace(embeddings=GALLERY.embeddings[:, :3] * 2)
    expected = packages.embeddings(before, gallery, normalize=normalize)
    both = replace(packages, own_steps=(halve, shift))
    found = both.embeddings(QUERY, GALLERY, normalize=normalize)
    assert all(torch.equal(x, y) for x, y in zip(found, expected, strict=True))
    assert not both.uses_raw_embeddings and both.uses_raw_distances


def test_they_return_an_embedding_for_each_picture() -> None:
    def lose(query: EmbeddedSet, gallery: EmbeddedSet) -> tuple[Tensor, Tensor]:
        return query.embeddings[1:], gallery.embeddings

    with pytest.raises(ReIDError, match="returned 4 and 9 embeddings for 5 queries and 9 gallery"):
        Retrieval(own_steps=(lose,)).embeddings(QUERY, GALLERY, normalize=True)
