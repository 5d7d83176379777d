"""From every query's results to the scores of a set."""

import torch
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.metrics.ranking import QueryResults, scores


def summary(results: QueryResults, gallery: int) -> dict[str, Tensor]:
    """Scores as fractions, with the numbers of `queries`, of those `left_out`, of `gallery`.

    Args:
        results: of all queries.
        gallery: the gallery's size without junk.

    Raises:
        ReIDError: no query has a cross-camera match.
    """
    left_out = (results.matches == 0).sum()
    if left_out == len(results.matches):
        raise ReIDError("No query has a match from another camera: nothing can be scored.")
    counts = {
        "queries": torch.tensor(float(len(results.matches))),
        "left_out": left_out.double(),
        "gallery": torch.tensor(float(gallery)),
    }
    return scores(results) | counts
