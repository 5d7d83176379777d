"""The pairs of people that a run confuses most."""

from collections import Counter
from typing import NamedTuple

from reid_lightning.results.retrieved import Result
from reid_lightning.results.runs import Run


class ConfusedPair(NamedTuple):
    """Two people of whom queries of the one have the other first.

    `queries` of either do; `row` of per_query.csv is the query of them with the lowest AP, and
    `result` what it has first.
    """

    people: tuple[str, str]
    queries: int
    row: int
    result: Result


def confused_pairs(run: Run, most: int) -> list[ConfusedPair]:
    """The pairs that most queries confuse, up to `most`; distractors have no names, and no pair."""
    if run.retrieved is None or run.queries is None:
        return []
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], int] = {}
    scores = run.queries
    for row, results in run.retrieved.results.items():
        first = results[0]
        if row >= len(scores.queries) or not scores.matches[row] or first.hit:
            continue
        if first.role == "person":
            one, two = sorted((scores.queries[row].pid, first.person))
            counts[one, two] += 1
            other = examples.get((one, two))
            if other is None or scores.ap[row] < scores.ap[other]:
                examples[one, two] = row
    return [
        ConfusedPair(pair, count, examples[pair], run.retrieved.results[examples[pair]][0])
        for pair, count in counts.most_common(most)
    ]
