"""Scores of several runs side by side, in the order of the runs."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from reid_lightning.report.figures.style import COLORS, frame, new_figure, plain_text
from reid_lightning.results.runs import Run

_MARKERS: dict[str, dict[str, Any]] = {
    "val/mAP": {"marker": "o", "color": "white", "edgecolors": COLORS[0], "linewidths": 1.5},
    "test/mAP": {"marker": "o", "color": COLORS[0]},
    "test/rank1": {"marker": "s", "color": COLORS[1]},
}


def score_plot(runs: Sequence[Run]) -> Figure | None:
    """A row per run: test mAP and Rank-1, and the best val/mAP; None if no run has scores."""
    scored = [run for run in runs if run.results]
    if not scored:
        return None
    figure = new_figure(8, 1.1 + 0.34 * len(scored))
    axes = figure.add_subplot()
    for name, marker in _MARKERS.items():
        rows = [row for row, run in enumerate(scored) if run.results.get(name) is not None]
        values = [100 * scored[row].results[name] for row in rows]
        if rows:
            axes.scatter(values, rows, s=46, label=name, zorder=3, **marker)
    for row, run in enumerate(scored):
        value = 100 * run.results["test/mAP"]
        axes.annotate(
            f"{value:.1f}",
            (value, row),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    axes.set_yticks(range(len(scored)), [plain_text(run.name) for run in scored])
    axes.set_ylim(len(scored) - 0.5, -0.7)
    frame(axes)
    axes.set_xlabel("%", fontsize=8)
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    return figure
