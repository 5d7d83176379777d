"""Several pictures of a person by one camera as one query."""

import torch
from torch import Tensor

from reid_lightning.retrieval.embedded_set import EmbeddedSet


def multi_query(query: EmbeddedSet, gallery: EmbeddedSet) -> Tensor:
    """Each query's embedding as the mean over all pictures of its pid by its camera.

    The gallery pictures averaged into a query are those that the protocol leaves out for it (Zheng
    et al. 2015, "multiple queries"), so no ranked picture is part of it.

    Returns:
        [queries, d].
    """
    count = len(query.pids)
    pids = torch.cat([query.pids, gallery.pids])
    camids = torch.cat([query.camids, gallery.camids])
    groups, group = torch.unique(torch.stack([pids, camids]), dim=1, return_inverse=True)
    has_query = torch.zeros(groups.shape[1], dtype=torch.bool, device=group.device)
    has_query[group[:count]] = True
    sums = query.embeddings.new_zeros(groups.shape[1], query.embeddings.shape[1])
    counts = sums.new_zeros(len(sums))
    for embeddings, rows in (
        (query.embeddings, group[:count]),
        (gallery.embeddings, group[count:]),
    ):
        used = has_query[rows]
        sums.index_add_(0, rows[used], embeddings[used])
        counts.index_add_(0, rows[used], counts.new_ones(int(used.sum())))
    return (sums / counts.clamp(min=1)[:, None])[group[:count]]
