"""A calibration from embeddings of people whom the network was not trained on."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_lightning.inference.absent_thresholds import absent_thresholds
from reid_lightning.inference.calibration import FALSE_MATCH_RATES
from reid_lightning.inference.match_thresholds import match_threshold

MOST_PICTURES = 4_000  # whose pairs are compared
ABSENT_RATE = 0.1
_MOST_FITTED = 200_000  # pairs of a kind
_NO_PENALTY = 1e6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Pairs(NamedTuple):
    """Similarities of pairs by two cameras: of one person [s], of two [n], and these [n, 2]."""

    same: Floats
    other: Floats
    people: Ints


def fit_calibration(
    embeddings: NDArray[np.float32], pids: Ints, camids: Ints
) -> dict[str, Any] | None:
    """What `Calibration` says of similarities, by the names of its fields.

    Args:
        embeddings: of unit norm, [n, d].
        pids, camids: of each picture, [n]; pictures of the same person by the same camera make no
            pair.

    Returns:
        None where there are too few people for any of it.
    """
    chosen = _choose(pids, camids)
    x, camids = embeddings[chosen].astype(np.float64), camids[chosen]
    names, people = np.unique(pids[chosen], return_inverse=True)
    similarities = x @ x.T
    absent = absent_thresholds(similarities, people, ABSENT_RATE)
    pairs = _pairs(similarities, people, camids)
    if absent is None or not len(pairs.same) or not len(pairs.other):
        return None
    intercept, slope = fit_log_odds(pairs.same, pairs.other)
    one, tenth = (match_threshold(rate, *pairs) for rate in FALSE_MATCH_RATES)
    return {
        "people": len(names),
        "pictures": len(x),
        "same_pairs": len(pairs.same),
        "other_pairs": len(pairs.other),
        "intercept": intercept,
        "slope": slope,
        "false_match_1_percent": one,
        "false_match_0_1_percent": tenth,
        "absent_rate": ABSENT_RATE,
        "absent_sizes": absent.sizes,
        "absent_similarities": absent.similarities,
    }


def fit_log_odds(same: Floats, other: Floats) -> tuple[float, float]:
    """The intercept and slope of the log-odds of a match at a similarity.

    A logistic regression in which both kinds of pairs weigh the same. Of very many pairs, evenly
    spread ones of those sorted by similarity are taken.
    """
    from sklearn.linear_model import LogisticRegression  # slow to import, used at the end

    kinds = [_thinned(same), _thinned(other)]
    labels = np.repeat([1, 0], [len(kind) for kind in kinds])
    weights = np.concatenate([np.full(len(kind), 0.5 / len(kind)) for kind in kinds]) * len(labels)
    model = LogisticRegression(C=_NO_PENALTY, max_iter=1_000)
    model.fit(np.concatenate(kinds)[:, None], labels, sample_weight=weights)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def _thinned(similarities: Floats) -> Floats:
    return np.sort(similarities)[:: -(-len(similarities) // _MOST_FITTED)]


def _choose(pids: Ints, camids: Ints) -> Ints:
    """Indices of at most `MOST_PICTURES`: first one by each camera of each person, then others."""
    order = np.lexsort((camids, pids))
    new = np.append(True, (np.diff(pids[order]) != 0) | (np.diff(camids[order]) != 0))
    starts = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    turn = np.arange(len(order)) - starts
    return np.asarray(np.sort(order[np.argsort(turn, kind="stable")[:MOST_PICTURES]]))


def _pairs(similarities: Floats, people: Ints, camids: Ints) -> _Pairs:
    first, second = np.triu_indices(len(people), 1)
    counted = camids[first] != camids[second]
    first, second = first[counted], second[counted]
    values = similarities[first, second]
    same = people[first] == people[second]
    return _Pairs(
        values[same],
        values[~same],
        np.stack([people[first[~same]], people[second[~same]]], axis=1),
    )
