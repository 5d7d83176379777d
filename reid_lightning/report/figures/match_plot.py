"""How mAP depends on how many pictures of the person the gallery holds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reid_lightning.report.figures.style import (
    MOST_LINES,
    frame,
    legend_below,
    line_style,
    panels,
    plain_text,
)
from reid_lightning.report.rows import Row
from reid_lightning.results.per_query import QueryScores

_BINS = (1, 2, 3, 5, 10, 20, 50, 100)  # the least number of matches of each
_LEAST_QUERIES = 5  # whose mean is worth a point


def match_plot(rows: Sequence[Row]) -> Figure | None:
    """mAP by the number of matches, a line per row; None where all queries are in one bin."""
    tested = {
        row.number: scores
        for row in rows
        if (scores := [run.queries for run in row.scored if run.queries is not None])
    }
    if not tested:
        return None
    counts = [_in_bins(scores[0]) for scores in tested.values()]
    shown = [n for n in range(len(_BINS)) if any(c[n] >= _LEAST_QUERIES for c in counts)]
    if len(shown) < 2:
        return None
    drawn = [row for row in rows if row.number in tested]
    figure, grid = panels(len(drawn), height=2.5)
    for number, axes in enumerate(grid):
        part = drawn[number * MOST_LINES :][:MOST_LINES]
        for row in part:
            values = np.mean([_means(scores) for scores in tested[row.number]], axis=0)[shown]
            axes.plot(
                range(len(shown)), values, label=plain_text(row.name), **line_style(row.number)
            )
        frame(axes, "mAP (%) by the number of matches" if number == 0 else "")
        labels = [f"{_label(n)}\n{counts[0][n]:,}" for n in shown]
        axes.set_xticks(range(len(shown)), labels, fontsize=7)
        axes.set_xlabel("matches in the gallery; queries with that many", fontsize=8)
        axes.tick_params(labelbottom=True)
        if len(rows) > 1:
            legend_below(axes, [row.name for row in part], drop=0.33)
    return figure


def _bins(scores: QueryScores) -> NDArray[np.int64]:
    """The bin of each query; -1 without a match."""
    return np.searchsorted(_BINS, scores.matches, side="right") - 1


def _in_bins(scores: QueryScores) -> list[int]:
    bins = _bins(scores)
    return [int((bins == n).sum()) for n in range(len(_BINS))]


def _means(scores: QueryScores) -> NDArray[np.float64]:
    """mAP of each bin in per cent; NaN without a query."""
    bins = _bins(scores)
    means = [
        scores.ap[bins == n].mean() if (bins == n).any() else np.nan for n in range(len(_BINS))
    ]
    return 100 * np.array(means)


def _label(number: int) -> str:
    first = _BINS[number]
    last = _BINS[number + 1] - 1 if number + 1 < len(_BINS) else None
    return f"{first}+" if last is None else str(first) if first == last else f"{first}–{last}"
