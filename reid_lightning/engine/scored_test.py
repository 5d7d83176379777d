"""The test of a training: the pictures that its metric collected, ranked and scored."""

from dataclasses import replace
from typing import NamedTuple

from reid_lightning.data.sample import Splits
from reid_lightning.metrics import ReIDMetric
from reid_lightning.retrieval import Retrieval
from reid_lightning.scoring.embedded_samples import embedded_set
from reid_lightning.scoring.score_sets import Outcome, score_sets


class ScoredTest(NamedTuple):
    """The outcome of a test, and the query and gallery that were scored."""

    outcome: Outcome
    scored: Splits


def score_collected(metric: ReIDMetric, official: Splits, lists: int, length: int) -> ScoredTest:
    """Score what `metric` has collected in all processes; each of them gets the same result.

    Args:
        metric: its `index` counts the official queries first, then the gallery.
        official: the official query and gallery.
        lists, length: ranked lists for the report, see `score_sets`.

    Raises:
        ReIDError: an embedding is not finite, or no query has a match from another camera.
    """
    with metric.sync_context():
        index, embeddings, *_, is_query = metric.collected()
    order = index.argsort()
    embeddings, queries = embeddings[order], int(is_query.sum())
    pictures = [*official.query, *official.gallery]
    samples = [pictures[i] for i in index[order].tolist()]
    query, gallery = tuple(samples[:queries]), tuple(samples[queries:])
    outcome = score_sets(
        embedded_set(query, embeddings[:queries]),
        embedded_set(gallery, embeddings[queries:]),
        Retrieval(),
        distance=metric.distance,
        ap=metric.ap,
        extra_scores=metric.extra_scores,
        lists=lists,
        length=length,
    )
    return ScoredTest(outcome, replace(official, train=(), query=query, gallery=gallery))
