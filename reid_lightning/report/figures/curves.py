"""Learning curves and CMC curves of several runs, a line a run."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reid_lightning.metrics.cmc import cmc_curve
from reid_lightning.report.figures.style import frame, line_style, new_figure, plain
from reid_lightning.results.runs import Run

_PERCENT = {
    "val/mAP": "val/mAP (%)",
    "val/rank1": "val/rank1 (%)",
    "train/active": "train/active (%)",
}
_OTHERS = ("train/loss", "train/embedding_norm", "train/lr")
_RANKS = 20
_LETTER = 0.075  # inches that a letter of a legend takes


def learning_curves(runs: Sequence[Run]) -> Figure | None:
    """What the runs logged in each epoch, a panel each; none where no run logged anything."""
    panels = [n for n in (*_PERCENT, *_OTHERS) if any(run.curve(n) for run in runs)]
    if not panels:
        return None
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    across = _across(3.6 * columns, [run.name for run in runs])
    figure = new_figure(3.6 * columns, 2.5 * rows + 0.2 * -(-len(runs) // across) + 0.3)
    for number, name in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, number)
        for style, run in enumerate(runs):
            points = run.curve(name)
            scale = 100 if name in _PERCENT else 1
            few = {} if len(points) <= 10 else {"marker": ""}
            epochs, values = [e for e, _ in points], [scale * v for _, v in points]
            axes.plot(epochs, values, label=plain(run.name), **(line_style(style) | few))
        frame(axes, _PERCENT.get(name, name))
        axes.set_xlabel("epoch", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(runs) > 1:  # one legend for all panels
        _legend_below(figure, across)
    return figure


def cmc_curves(runs: Sequence[Run]) -> Figure | None:
    """The CMC curves of the runs that were tested, the best Rank-1 first in the legend."""
    tested = [(number, run) for number, run in enumerate(runs) if run.first_match is not None]
    if not tested:
        return None
    curves = {
        n: cmc_curve(run.first_match, _RANKS) for n, run in tested if run.first_match is not None
    }
    tested.sort(key=lambda pair: -curves[pair[0]][0])
    labels = {n: f"{curves[n][0]:.1%}  {plain(run.name)}" for n, run in tested}
    across = _across(7, list(labels.values()))
    figure = new_figure(7, 3.9 + 0.2 * -(-len(tested) // across))
    axes = figure.add_subplot()
    for number, label in labels.items():
        values = [100 * value for value in curves[number]]
        axes.plot(range(1, _RANKS + 1), values, label=label, **line_style(number))
    frame(axes, "CMC: queries with a right picture among the first k (%)")
    axes.set(xlabel="k", xticks=[1, 5, 10, 15, 20])
    _legend_below(figure, across, title="Rank-1", title_fontsize=8)
    return figure


def _across(width: float, names: Sequence[str]) -> int:
    """How many names stand side by side in a legend of so many inches."""
    return max(1, int(width / (0.5 + _LETTER * max(map(len, names)))))


def _legend_below(figure: Figure, across: int, **title: Any) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": across}
    figure.legend(handles, labels, fontsize=8, frameon=False, **place, **title)
