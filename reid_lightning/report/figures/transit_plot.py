"""A picture of how long people take between cameras: one panel per pair of cameras."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reid_lightning.errors import ReIDError
from reid_lightning.report.figures.style import save_png
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal
from reid_lightning.retrieval.transit import BIN_FRAMES

_MINUTES_PER_BIN = BIN_FRAMES / 25 / 60  # at 25 frames a second
_MOST_PANELS = 100
_SHOWN_SHARE = 0.98  # of the probability; a few very long gaps would squeeze the rest
# Distinct for colour-blind people and in grey: the first is dark, the second light and hatched.
_FORTH, _BACK = ("#0072B2", None), ("#E69F00", "/////")


def plot_distributions(model: SpatialTemporal, path: Path) -> None:
    """Plot the distributions of a set into the PNG file `path`.

    A panel holds both directions between two cameras, over the signed gap in minutes at 25 frames
    a second. Two cameras that no identity passed between have no panel, nor have those after the
    first `_MOST_PANELS` pairs. Cameras count from 1, as in file names. The axis ends where 98% of
    the probability is shown, and its label says so.

    Raises:
        ReIDError: no identity went between any two cameras, so the picture would be empty.
    """
    tables, cameras = model.distributions.double().cpu().numpy(), (model.cameras + 1).tolist()
    pairs = [
        (a, b)
        for a, b in combinations(range(len(tables)), 2)
        if (tables[a, b] + tables[b, a]).any()
    ]
    if not pairs:
        raise ReIDError("These distributions are empty: no two cameras saw the same identity.")
    left_out = len(pairs[_MOST_PANELS:])
    pairs = pairs[:_MOST_PANELS]
    columns = math.ceil(math.sqrt(len(pairs)))
    rows = math.ceil(len(pairs) / columns)
    figure = Figure(figsize=(max(2.5 * columns, 5), 1.6 * rows + 1.2), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, (a, b) in zip(grid.flat, pairs, strict=False):
        _plot_direction(axes, tables[b, a], 1, f"c{cameras[a]} → c{cameras[b]}")
        _plot_direction(axes, tables[a, b], -1, f"c{cameras[b]} → c{cameras[a]}")
        _frame(axes)
    for axes in grid.flat[len(pairs) :]:
        axes.remove()
    for axes in grid.flat[max(len(pairs) - columns, 0) : len(pairs)]:
        axes.tick_params(labelbottom=True)  # the lowest panel of each column
    last = _extent(tables)
    grid[0, 0].set(xlim=(-last, last), ylim=(0, 1.25 * 100 * tables.max()))
    about = f"(right: the larger camera number is later; {1 - _SHOWN_SHARE:.0%} lies outside)"
    about += f"\n{left_out:,} more pairs of cameras are not shown" if left_out else ""
    figure.supxlabel(f"gap in minutes, at 25 frames a second\n{about}", fontsize=10)
    figure.supylabel(f"p of a bin ({BIN_FRAMES} frames), %", fontsize=10)
    save_png(figure, path, dpi=110)


def _plot_direction(axes: Axes, table: np.ndarray, sign: int, label: str) -> None:
    """Plot one direction, to the right of 0 (`sign` 1) or to the left (-1)."""
    color, hatch = _FORTH if sign > 0 else _BACK
    minutes, percent = sign * (np.arange(len(table)) + 0.5) * _MINUTES_PER_BIN, 100 * table
    axes.fill_between(minutes, percent, color=color, alpha=0.35, hatch=hatch, lw=0)
    axes.plot(minutes, percent, color=color, lw=1.3)
    x, side = (0.98, "right") if sign > 0 else (0.02, "left")
    axes.text(
        x, 0.96, label, transform=axes.transAxes, ha=side, va="top", fontsize=9, weight="bold"
    )


def _frame(axes: Axes) -> None:
    axes.axvline(0, color="black", lw=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _extent(tables: np.ndarray) -> float:
    """Minutes within which `_SHOWN_SHARE` of the probability lies."""
    total = tables.sum((0, 1)).cumsum()
    return float((np.searchsorted(total, _SHOWN_SHARE * total[-1]) + 1) * _MINUTES_PER_BIN)
