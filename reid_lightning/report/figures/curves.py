"""Learning curves and CMC curves of several rows: a line per row, a band over its seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reid_lightning.metrics.cmc import cmc_curve
from reid_lightning.report.figures.style import (
    MOST_LINES,
    frame,
    legend_below,
    line_style,
    panels,
    plain_text,
)
from reid_lightning.report.rows import Row

_PERCENT_METRICS = {
    "val/mAP": "val/mAP (%)",
    "val/rank1": "val/rank1 (%)",
    "train/active": "train/active (%)",
}
_OTHER_METRICS = ("train/loss", "train/embedding_norm", "train/lr")
_MAX_RANK = 20
_FEW_POINTS = 10  # that markers do not hide


def learning_curves(rows: Sequence[Row]) -> dict[str, Figure]:
    """A figure per metric that the runs logged by epoch, by its name."""
    figures = {}
    for name in (*_PERCENT_METRICS, *_OTHER_METRICS):
        scale = 100 if name in _PERCENT_METRICS else 1
        lines = {}
        for row in rows:
            curves = [curve for run in row.runs if (curve := dict(run.curve(name)))]
            # Of several seeds, the epochs that all of them have reached.
            epochs = sorted(set.intersection(*map(set, curves))) if curves else []
            if epochs:
                values = np.array([[scale * curve[e] for e in epochs] for curve in curves])
                lines[row.number] = (epochs, values)
        if lines:
            title = _PERCENT_METRICS.get(name, name)
            figures[name] = _plot(rows, lines, title, "epoch")
    return figures


def cmc_curves(rows: Sequence[Row]) -> Figure | None:
    """The CMC curves of the tested rows, with their Rank-1 in the legend; None without any."""
    lines = {}
    labels = {}
    for row in rows:
        first = [run.first_match for run in row.scored if run.first_match is not None]
        if first:
            values = 100 * np.array([cmc_curve(ranks, _MAX_RANK) for ranks in first])
            lines[row.number] = (list(range(1, _MAX_RANK + 1)), values)
            labels[row.number] = f"{values[:, 0].mean():.1f}%  {row.name}"
    if not lines:
        return None
    named = [row._replace(name=labels.get(row.number, row.name)) for row in rows]
    title = "CMC: queries with a match among the first k (%)"
    figure = _plot(named, lines, title, "k", "Rank-1")
    for axes in figure.axes:
        axes.set_xticks([1, 5, 10, 15, 20])
    return figure


def _plot(
    rows: Sequence[Row],
    lines: Mapping[int, tuple[Sequence[float], NDArray[np.float64]]],
    title: str,
    x: str,
    legend_title: str = "",
) -> Figure:
    """Plot the mean of each row's curves, values [runs, points], and a band of ± its deviation."""
    drawn = [row for row in rows if row.number in lines]
    figure, grid = panels(len(drawn), height=2.4)
    for number, axes in enumerate(grid):
        part = drawn[number * MOST_LINES :][:MOST_LINES]
        for row in part:
            _line(axes, row, *lines[row.number])
        frame(axes, title if number == 0 else "")
        axes.set_xlabel(x, fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.tick_params(labelbottom=True)
        if len(rows) > 1:
            legend_below(axes, [row.name for row in part], legend_title)
    return figure


def _line(axes: Axes, row: Row, x: Sequence[float], values: NDArray[np.float64]) -> None:
    mean = values.mean(0)
    style = line_style(row.number) | ({"marker": ""} if len(x) > _FEW_POINTS else {})
    axes.plot(x, mean, label=plain_text(row.name), **style)
    if len(values) > 1:
        deviation = values.std(0, ddof=1)
        axes.fill_between(
            x, mean - deviation, mean + deviation, color=style["color"], alpha=0.2, linewidth=0
        )
