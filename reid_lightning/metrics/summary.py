"""From every query's results to the scores of a set; the names and titles of the scores."""

import torch
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.metrics.ranking import QueryResults

SCORES = ("mAP", "rank1", "rank5", "rank10", "mINP")  # the keys of `scores`
SCORE_TITLES = {  # in the order of the columns of tables
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "mAP": "mAP",
    "mINP": "mINP",
}


def scores(results: QueryResults) -> dict[str, Tensor]:
    """Means over the valid queries: mAP, rank1, rank5, rank10, mINP, as fractions (float64)."""
    valid = results.matches > 0
    count = valid.sum().clamp(min=1)
    cmc = {
        f"rank{k}": ((results.first_match <= k) & valid).sum().double() / count for k in (1, 5, 10)
    }
    return {"mAP": results.ap.sum() / count} | cmc | {"mINP": results.inp.sum() / count}


def summary(results: QueryResults, gallery: int) -> dict[str, Tensor]:
    """Scores as fractions, with the counts `queries`, `left_out` (invalid queries) and `gallery`.

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
