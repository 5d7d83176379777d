"""Whether runs were scored by the same test, so that their scores may be compared."""

from collections.abc import Sequence

import numpy as np

from reid_lightning.comparison.sides import ScoredRun
from reid_lightning.errors import ReIDError
from reid_lightning.results.per_query import QueryScores

# What makes two tests different ones.
_TEST = {
    "ap": "definition of average precision",
    "data": "set",
    "cameras": "number of cameras",
    "test/queries": "number of queries",
    "test/gallery": "gallery (number of pictures)",
}
# What may be the very thing that is compared.
_HOW = {
    "retrieval": "list of steps before ranking",
    "distance": "distance",
    "precision": "precision",
    "trained_on": "training set",
}


def on_same_queries(runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """The runs, their queries in the order of the first.

    Raises:
        ReIDError: they are not scored by the same test; what differs is named.
    """
    first = runs[0]
    for run in runs[1:]:
        for key, title in _TEST.items():
            one, two = first.results.get(key), run.results.get(key)
            if one != two and None not in (one, two):
                raise ReIDError(
                    f"{first.folder} and {run.folder} are not scored by the same test: the {title} "
                    f"is {_number(one)} in the first and {_number(two)} in the second. Evaluate "
                    "both checkpoints in the same way, and compare the evaluations."
                )
    return [run._replace(scores=_in_order(run, first)) for run in runs]


def notes_on_evaluation(a: ScoredRun, b: ScoredRun) -> list[str]:
    """Sentences on what differs in how two runs were scored, beside the network."""
    notes = []
    for key, title in _HOW.items():
        default = "none" if key == "retrieval" else None
        one, two = (run.results.get(key) or default for run in (a, b))
        if one != two and None not in (one, two):
            notes.append(f"The {title} differs: {one} in A, {two} in B.")
    return notes


def _in_order(run: ScoredRun, first: ScoredRun) -> QueryScores:
    scores, wanted = run.scores, first.scores.queries
    if scores.queries != wanted:
        index = {query: number for number, query in enumerate(scores.queries)}
        missing = [query for query in wanted if query not in index]
        if missing or len(index) != len(wanted) or len(scores.queries) != len(wanted):
            example = f", such as {missing[0].picture}" if missing else ""
            raise ReIDError(
                f"{first.folder} and {run.folder} have other queries: {len(missing)} of the "
                f"first's {len(wanted)} are not among the second's {len(scores.queries)}{example}. "
                "Evaluate both checkpoints on the same set, and compare the evaluations."
            )
        scores = scores.take(np.array([index[query] for query in wanted]))
    if not np.array_equal(scores.matches, first.scores.matches):
        number = int(np.flatnonzero(scores.matches != first.scores.matches)[0])
        raise ReIDError(
            f"{first.folder} and {run.folder} have another gallery: {wanted[number].picture} has "
            f"{first.scores.matches[number]} matches in the first and {scores.matches[number]} in "
            "the second. Evaluate both checkpoints on the same set, and compare the evaluations."
        )
    return scores


def _number(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else str(value)
