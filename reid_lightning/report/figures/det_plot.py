"""The detection error trade-off of open-set evaluations."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.report.figures.style import (
    MOST_LINES,
    frame,
    legend_below,
    line_style,
    panels,
    plain_text,
)
from reid_lightning.report.rows import Row

_TITLE = "FNIR: those in the gallery who are missed (%)"
_X = "FPIR: those not in the gallery who are found (%)"
_FINEST = 0.1  # per cent; below it the axis is linear, so that it holds 0


def det_plot(curves: Mapping[int, DetCurve]) -> Figure:
    """FNIR over FPIR of one evaluation, a line for each rank.

    Args:
        curves: by rank.
    """
    lines = {number: [curve] for number, curve in enumerate(curves.values())}
    return _plot(lines, [f"rank {rank}" for rank in curves], _TITLE)


def compare_det(rows: Sequence[Row]) -> Figure | None:
    """FNIR at rank 1 over FPIR, a line per row; None where no row has an open set."""
    curves = {
        row.number: found
        for row in rows
        if (found := [c[1] for run in row.scored if (c := run.det_curves) and 1 in c])
    }
    names = [row.name for row in rows if row.number in curves]
    return (
        _plot(curves, names, _TITLE.replace("FNIR", "FNIR, rank 1").replace("the gallery", "it"))
        if curves
        else None
    )


def _plot(lines: Mapping[int, Sequence[DetCurve]], names: Sequence[str], title: str) -> Figure:
    """Draw the mean of each line's curves, and a band of ± its deviation, by the line's number."""
    figure, grid = panels(len(lines), height=2.6)
    numbers = list(lines)
    for panel, axes in enumerate(grid):
        part = slice(panel * MOST_LINES, (panel + 1) * MOST_LINES)
        for number, name in zip(numbers[part], names[part], strict=True):
            _line(axes, number, name, lines[number])
        frame(axes, title if panel == 0 else "")
        axes.set_xscale("symlog", linthresh=_FINEST)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
        axes.set_xlabel(_X, fontsize=8)
        axes.tick_params(labelbottom=True)
        if len(lines) > 1:
            legend_below(axes, [plain_text(name) for name in names[part]])
    return figure


def _line(axes: Axes, number: int, name: str, curves: Sequence[DetCurve]) -> None:
    fpir = np.unique(np.concatenate([curve.fpir.cpu().numpy() for curve in curves]))
    fnir = 100 * np.array([_at(curve, fpir) for curve in curves])
    style = line_style(number) | {"marker": "", "drawstyle": "steps-post"}
    axes.plot(100 * fpir, mean := fnir.mean(0), label=plain_text(name), **style)
    if len(curves) > 1:
        band = fnir.std(0, ddof=1)
        axes.fill_between(
            100 * fpir,
            mean - band,
            mean + band,
            step="post",
            color=style["color"],
            alpha=0.2,
            linewidth=0,
        )


def _at(curve: DetCurve, fpir: NDArray[np.float64]) -> NDArray[np.float64]:
    """FNIR at rates between the points of a curve: of the last point that is not above."""
    known = curve.fpir.cpu().numpy()
    fnir: NDArray[np.float64] = curve.fnir.cpu().numpy()
    return fnir[np.searchsorted(known, fpir, side="right") - 1]
