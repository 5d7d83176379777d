"""The nearest gallery pictures of one query, in the order in which they are scored."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from reid_lightning.metrics.finite import check_no_nan

Verdict = Literal["hit", "miss", "junk"]
_VERDICTS: tuple[Verdict, ...] = ("miss", "hit", "junk")


class Retrieved(NamedTuple):
    """A gallery picture by its index, and how it counts for the query."""

    gallery_index: int
    verdict: Verdict


def nearest(
    distances: Tensor, pid: int, camid: int, pids: Tensor, camids: Tensor, length: int
) -> list[Retrieved]:
    """The `length` gallery pictures nearest to a query, nearest first.

    At equal distances a miss precedes a hit, as in the score. Junk (pid -1, or the query's own pid
    and camid) is listed too, though the protocol does not count it.

    Args:
        distances: [gallery], of the query from the gallery, as they are ranked.
        pid, camid: of the query.
        pids, camids: [gallery].
        length: of the list.

    Raises:
        ReIDError: a distance is NaN.
    """
    check_no_nan(distances)
    same = pids == pid
    junk = (pids == -1) | (same & (camids == camid))
    misses_first = same.int().argsort(stable=True)
    ranked = misses_first[distances[misses_first].argsort(stable=True)][:length]
    verdicts = torch.where(junk, 2, same.int())[ranked].tolist()
    return [Retrieved(i, _VERDICTS[v]) for i, v in zip(ranked.tolist(), verdicts, strict=True)]
