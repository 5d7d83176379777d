"""From every query's results to the scores of a set; the names and titles of the scores."""

from collections.abc import Callable, Iterable, Mapping

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
COUNTS = ("queries", "left_out", "gallery")

# A score of one's own: the results of the queries that have a match → one number.
ExtraScore = Callable[[QueryResults], Tensor | float]

_TWO_QUERIES = QueryResults(
    matches=torch.tensor([1, 2]),
    first_match=torch.tensor([1, 3]),
    ap=torch.tensor([1.0, 0.5], dtype=torch.float64),
    inp=torch.tensor([1.0, 0.5], dtype=torch.float64),
)


def scores(results: QueryResults) -> dict[str, Tensor]:
    """Means over the valid queries: mAP, rank1, rank5, rank10, mINP, as fractions (float64)."""
    valid = results.matches > 0
    count = valid.sum().clamp(min=1)
    cmc = {
        f"rank{k}": ((results.first_match <= k) & valid).sum().double() / count for k in (1, 5, 10)
    }
    return {"mAP": results.ap.sum() / count} | cmc | {"mINP": results.inp.sum() / count}


def check_extra_scores(extra_scores: Mapping[str, ExtraScore]) -> None:
    """Raise a `ReIDError` unless `metric.extra_scores` are functions with names of their own.

    Each is tried on two queries, so that a run does not end in its error after an epoch.
    """
    for name, score in extra_scores.items():
        if name in (*SCORES, *COUNTS):
            raise ReIDError(f"metric.extra_scores.{name} has the name of another score: rename it.")
        if not callable(score):
            raise ReIDError(
                f"metric.extra_scores.{name} is no function: it needs a _target_, and "
                "_partial_: true."
            )
        try:
            _own_score(name, score(_TWO_QUERIES))
        except ReIDError:
            raise
        except Exception as error:
            raise ReIDError(
                f"metric.extra_scores.{name} fails on the results of two queries: "
                f"{type(error).__name__}: {error}."
            ) from error


def check_any_match(matches: Tensor) -> None:
    """Raise a `ReIDError` if no query has a match, of which there are `matches` [queries]."""
    if not matches.any():
        raise ReIDError("No query has a match from another camera: nothing can be scored.")


def score_names(scored: Iterable[str]) -> list[str]:
    """The names of scores among `scored`, without counts: those of `SCORE_TITLES` first."""
    names = [name for name in scored if name not in COUNTS]
    return [*SCORE_TITLES, *(name for name in names if name not in SCORE_TITLES)]


def summary(
    results: QueryResults, gallery: int, extra_scores: Mapping[str, ExtraScore] | None = None
) -> dict[str, Tensor]:
    """Scores as fractions, with the counts `queries`, `left_out` (invalid queries) and `gallery`.

    Args:
        results: of all queries.
        gallery: the gallery's size without junk.
        extra_scores: others, by name.

    Raises:
        ReIDError: no query has a cross-camera match, or a score of one's own is no finite number.
    """
    check_any_match(results.matches)
    counts = {
        "queries": torch.tensor(float(len(results.matches))),
        "left_out": (results.matches == 0).sum().double(),
        "gallery": torch.tensor(float(gallery)),
    }
    valid = QueryResults(*(column[results.matches > 0] for column in results))
    extra = {name: _own_score(name, score(valid)) for name, score in (extra_scores or {}).items()}
    return scores(results) | extra | counts


def _own_score(name: str, value: Tensor | float) -> Tensor:
    score = torch.as_tensor(value, dtype=torch.float64)
    if score.numel() != 1 or not score.isfinite().all():
        raise ReIDError(f"metric.extra_scores.{name} gave {value}, which is no finite number.")
    return score
