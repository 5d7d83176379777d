"""The difference between two sides: of each score, with what it may be due to, and of queries."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_lightning.comparison.moved import SAME, MovedQuery, mean_scores, moved_queries
from reid_lightning.comparison.over_identities import Interval, interval_over_identities
from reid_lightning.comparison.over_seeds import paired_interval, welch_interval
from reid_lightning.comparison.same_test import notes_on_evaluation, on_same_queries
from reid_lightning.comparison.sides import ScoredRun, read_side, side_labels
from reid_lightning.errors import ReIDError

Paths = str | Path | Sequence[str | Path]


class Difference(NamedTuple):
    """The difference b − a of a score, as fractions, and its two 95% intervals.

    Args:
        a, b: the means over the seeds.
        over_identities: of these checkpoints on other people; None with a single person.
        over_seeds: of other trainings with these settings on these queries; None where a side has
            one seed.
    """

    a: float
    b: float
    over_identities: Interval | None
    over_seeds: Interval | None

    @property
    def difference(self) -> float:
        """How much higher b is."""
        return self.b - self.a


class Comparison(NamedTuple):
    """What two sides differ in.

    Args:
        a, b: the runs of each side, by seed.
        labels: the overrides that the sides differ in; empty where there are none.
        differences: of `mAP` and `rank1`.
        paired: whether `over_seeds` is of differences between runs of the same seed.
        identities: the number of people among the queries that have a match.
        moved: all queries that have a match, those whose AP changes most first.
        notes: sentences on what differs in how the sides were scored.
    """

    a: list[ScoredRun]
    b: list[ScoredRun]
    labels: list[str]
    differences: dict[str, Difference]
    paired: bool
    identities: int
    moved: list[MovedQuery]
    notes: list[str]

    @property
    def won(self) -> int:
        """The number of queries with a higher AP in b."""
        return sum(query.gain > 0 for query in self.moved)

    @property
    def lost(self) -> int:
        """The number of queries with a lower AP in b."""
        return sum(query.gain < 0 for query in self.moved)

    @property
    def tied(self) -> int:
        """The number of queries with the same AP."""
        return len(self.moved) - self.won - self.lost


def compare(*, a: Paths, b: Paths) -> Comparison:
    """Compare two checkpoints, or two settings that were trained with several seeds.

    Args:
        a, b: the folder of a run or of an evaluation, one that holds several, or a list of these;
            the runs of a side differ by their seed alone.

    Raises:
        ReIDError: a folder has no scores, the runs of a side differ by more than their seed, or
            the sides were not scored by the same test.
    """
    sides = [read_side(_folders(paths)) for paths in (a, b)]
    twice = {run.folder.resolve() for run in sides[0]} & {run.folder.resolve() for run in sides[1]}
    if twice:
        raise ReIDError(f"{min(twice)} is on both sides: a run does not differ from itself.")
    runs = on_same_queries([*sides[0], *sides[1]])
    return compare_sides(runs[: len(sides[0])], runs[len(sides[0]) :])


def compare_sides(a: list[ScoredRun], b: list[ScoredRun]) -> Comparison:
    """The comparison of two sides whose runs have the same queries in the same order."""
    first = a[0].scores
    valid = first.matches > 0
    pids = [query.pid for query, has in zip(first.queries, valid, strict=True) if has]
    scores_a, scores_b = ([_scores(run)[valid] for run in side] for side in (a, b))
    gains = np.mean(scores_b, axis=0) - np.mean(scores_a, axis=0)
    gains[abs(gains) < SAME] = 0
    over_identities = interval_over_identities(gains, pids)
    seeds_a, seeds_b = ([run.seed for run in side] for side in (a, b))
    paired = seeds_a == seeds_b and len(a) > 1
    differences = {}
    for column, name in enumerate(("mAP", "rank1")):
        means_a, means_b = (
            [float(scores[:, column].mean()) for scores in side] for side in (scores_a, scores_b)
        )
        over_seeds = None
        if min(len(a), len(b)) > 1:
            over_seeds = (paired_interval if paired else welch_interval)(means_a, means_b)
        of_people = over_identities[column] if over_identities else None
        differences[name] = Difference(mean(means_a), mean(means_b), of_people, over_seeds)
    moved = moved_queries(*(mean_scores([run.scores for run in side]) for side in (a, b)))
    notes = notes_on_evaluation(a[0], b[0])
    return Comparison(a, b, side_labels([a, b]), differences, paired, len({*pids}), moved, notes)


def _scores(run: ScoredRun) -> NDArray[np.float64]:
    """[queries, 2]: each query's AP, and whether its first match is the nearest picture."""
    return np.stack([run.scores.ap, run.scores.first_match == 1], axis=1)


def _folders(paths: Paths) -> list[Path]:
    listed = [paths] if isinstance(paths, (str, Path)) else paths
    return [Path(path).expanduser() for path in listed]
