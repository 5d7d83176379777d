"""Learning curves and CMC curves of several runs, a line per run."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reid_lightning.metrics.cmc import cmc_curve
from reid_lightning.report.figures.style import frame, line_style, new_figure, plain_text
from reid_lightning.results.runs import Run

_PERCENT_METRICS = {
    "val/mAP": "val/mAP (%)",
    "val/rank1": "val/rank1 (%)",
    "train/active": "train/active (%)",
}
_OTHER_METRICS = ("train/loss", "train/embedding_norm", "train/lr")
_MAX_RANK = 20
_LETTER_INCHES = 0.075  # width of a letter in a legend


def learning_curves(runs: Sequence[Run]) -> Figure | None:
    """A panel per metric that the runs logged by epoch; None if no run logged any."""
    panels = [n for n in (*_PERCENT_METRICS, *_OTHER_METRICS) if any(run.curve(n) for run in runs)]
    if not panels:
        return None
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    legend_columns = _legend_columns(3.6 * columns, [run.name for run in runs])
    figure = new_figure(3.6 * columns, 2.5 * rows + 0.2 * -(-len(runs) // legend_columns) + 0.3)
    for number, name in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, number)
        for style, run in enumerate(runs):
            points = run.curve(name)
            scale = 100 if name in _PERCENT_METRICS else 1
            no_marker = {"marker": ""} if len(points) > 10 else {}
            epochs, values = [e for e, _ in points], [scale * v for _, v in points]
            axes.plot(epochs, values, label=plain_text(run.name), **(line_style(style) | no_marker))
        frame(axes, _PERCENT_METRICS.get(name, name))
        axes.set_xlabel("epoch", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(runs) > 1:  # one legend for all panels
        _legend_below(figure, legend_columns)
    return figure


def cmc_curves(runs: Sequence[Run]) -> Figure | None:
    """The CMC curves of the tested runs, the best Rank-1 first in the legend; None without any."""
    tested = [(number, run) for number, run in enumerate(runs) if run.first_match is not None]
    if not tested:
        return None
    curves = {
        n: cmc_curve(run.first_match, _MAX_RANK) for n, run in tested if run.first_match is not None
    }
    tested.sort(key=lambda pair: -curves[pair[0]][0])
    labels = {n: f"{curves[n][0]:.1%}  {plain_text(run.name)}" for n, run in tested}
    legend_columns = _legend_columns(7, list(labels.values()))
    figure = new_figure(7, 3.9 + 0.2 * -(-len(tested) // legend_columns))
    axes = figure.add_subplot()
    for number, label in labels.items():
        values = [100 * value for value in curves[number]]
        axes.plot(range(1, _MAX_RANK + 1), values, label=label, **line_style(number))
    frame(axes, "CMC: queries with a match among the first k (%)")
    axes.set(xlabel="k", xticks=[1, 5, 10, 15, 20])
    _legend_below(figure, legend_columns, title="Rank-1", title_fontsize=8)
    return figure


def _legend_columns(width: float, names: Sequence[str]) -> int:
    """How many names fit side by side in a legend `width` inches wide."""
    return max(1, int(width / (0.5 + _LETTER_INCHES * max(map(len, names)))))


def _legend_below(figure: Figure, legend_columns: int, **title: Any) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    layout: dict[str, Any] = {"loc": "outside lower center", "ncols": legend_columns}
    figure.legend(handles, labels, fontsize=8, frameon=False, **layout, **title)
