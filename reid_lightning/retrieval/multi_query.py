"""Several pictures of a person by one camera as one query."""

import torch
from torch import Tensor

from reid_lightning.retrieval.embedded_set import Pictures


def multi_query(query: Pictures, gallery: Pictures) -> Tensor:
    """Each query's embedding as the mean over all pictures of its pid by its camera: [queries, d].

    The gallery's share in them are the pictures that the protocol leaves out for this query (Zheng
    et al. 2015, "multiple queries"), so nothing that is ranked has gone into it.
    """
    pids, camids = (torch.cat(both) for both in zip(query[1:3], gallery[1:3], strict=True))
    groups, group = torch.unique(torch.stack([pids, camids]), dim=1, return_inverse=True)
    asked = torch.zeros(groups.shape[1], dtype=torch.bool, device=group.device)
    asked[group[: len(query.pids)]] = True
    sums = query.embeddings.new_zeros(groups.shape[1], query.embeddings.shape[1])
    counts = sums.new_zeros(len(sums))
    for pictures, their in ((query, group[: len(query.pids)]), (gallery, group[len(query.pids) :])):
        chosen = asked[their]
        sums.index_add_(0, their[chosen], pictures.embeddings[chosen])
        counts.index_add_(0, their[chosen], counts.new_ones(int(chosen.sum())))
    return (sums / counts.clamp(min=1)[:, None])[group[: len(query.pids)]]
