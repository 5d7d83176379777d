"""Scores of random embeddings, which depend on nothing but the labels of a set."""

import torch

from reid_lightning.data.sample import Splits
from reid_lightning.metrics.rank_embeddings import rank_embeddings
from reid_lightning.metrics.ranking import QueryResults
from reid_lightning.scoring.embedded_samples import columns_of


def rank(splits: Splits, seed: int = 0) -> QueryResults:
    """The results of random embeddings, the same for every picture of one file and box."""
    generator = torch.Generator().manual_seed(seed)
    pictures = list(dict.fromkeys((s.path.name, s.box) for s in (*splits.query, *splits.gallery)))
    index = {picture: i for i, picture in enumerate(pictures)}
    embeddings = torch.randn(len(pictures), 8, generator=generator)
    (query, q), (gallery, g) = (
        (embeddings[[index[s.path.name, s.box] for s in samples]], columns_of(samples))
        for samples in (splits.query, splits.gallery)
    )
    return rank_embeddings(query, gallery, *q[:2], *g[:2])
