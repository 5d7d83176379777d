"""heat_map.png: the scores of a sweep over two numbers, a cell per pair of values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reid_lightning.report.figures.style import new_figure, plain_text, save_png
from reid_lightning.results.overrides import is_number
from reid_lightning.results.sweep_summary import swept_keys

HEAT_MAP_FILE = "heat_map.png"


class Grid(NamedTuple):
    """The scores of a sweep over two numbers."""

    score: str  # the title: which score, and what it was measured on
    x: str  # the swept keys, and the values of each as they were typed, in ascending order
    y: str
    xs: list[str]
    ys: list[str]
    cells: NDArray[np.float64]  # per cent, [ys, xs]; NaN where a job has no result


def write_heat_map(rows: Sequence[dict[str, Any]], folder: Path) -> Path | None:
    """Write `heat_map.png` into a sweep's folder if the sweep is a grid of two numbers.

    Args:
        rows: of the sweep's summary.
        folder: of the sweep.

    Returns:
        The picture's path; None for any other sweep.
    """
    grid = score_grid(rows)
    if grid is None:
        return None
    save_png(plot_heat_map(grid), folder / HEAT_MAP_FILE, dpi=200)
    return folder / HEAT_MAP_FILE


def score_grid(rows: Sequence[dict[str, Any]]) -> Grid | None:
    """The best val/mAP of every pair of values; test/mAP if no job was validated.

    None if no job has a score, not exactly two keys were swept, a value is not a number, or a pair
    of values does not have exactly one job.
    """
    keys = swept_keys(rows)
    score = next((s for s in ("val/mAP", "test/mAP") if any(r[s] is not None for r in rows)), None)
    if score is None or len(keys) != 2 or not all(is_number(r[k]) for r in rows for k in keys):
        return None
    x, y = keys
    scores = {(row[y], row[x]): row[score] for row in rows}
    xs, ys = (sorted({row[key] for row in rows}, key=float) for key in keys)
    if not len(rows) == len(scores) == len(xs) * len(ys):
        return None
    cells = np.array([[scores[b, a] for a in xs] for b in ys], dtype=float)  # None becomes NaN
    sets = sorted({r["validated_on"] for r in rows if r["validated_on"]})
    title = f"{score} in %" + (f" ({', '.join(sets)})" if sets and score == "val/mAP" else "")
    return Grid(title, x, y, xs, ys, 100 * cells)


def plot_heat_map(grid: Grid) -> Figure:
    """The picture: a shade and the score in every cell, the best one framed."""
    size = (2.5 + 0.9 * len(grid.xs), 1.6 + 0.6 * len(grid.ys))  # inches
    figure = new_figure(*size)
    axes = figure.add_subplot()
    image = axes.imshow(grid.cells, cmap="cividis", origin="lower", aspect="auto")
    x, y, title = map(plain_text, (grid.x, grid.y, grid.score))
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.set_xticks(range(len(grid.xs)), grid.xs)
    axes.set_yticks(range(len(grid.ys)), grid.ys)
    axes.tick_params(length=0)
    figure.colorbar(image, ax=axes)
    for (row, column), value in np.ndenumerate(grid.cells):
        cell: dict[str, Any] = {"xy": (column - 0.5, row - 0.5), "width": 1, "height": 1}
        if np.isnan(value):
            axes.add_patch(Rectangle(**cell, fill=False, hatch="///", edgecolor="0.7", linewidth=0))
            text, color = "no result", "black"
        else:
            text, color = f"{value:.1f}", text_color(image.to_rgba(np.array(value)))
        box = {"facecolor": "white", "edgecolor": "none"} if np.isnan(value) else None
        axes.text(column, row, text, ha="center", va="center", color=color, bbox=box)
        if value == np.nanmax(grid.cells):
            axes.add_patch(Rectangle(**cell, fill=False, linewidth=3, zorder=3, clip_on=False))
    return figure


def text_color(shade: NDArray[np.float64]) -> str:
    """Black or white, whichever has more contrast to `shade` (WCAG 2)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade[:3]
    )
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "white"
