"""A matrix of scores: the camera of the query against that of the gallery's pictures."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from reid_lightning.report.figures.heat_map import text_color
from reid_lightning.report.figures.style import COLUMN, new_figure, plain_text
from reid_lightning.report.rows import Row

_MOST_CAMERAS = 16  # whose scores are legible in a column's width


def camera_matrix(row: Row) -> Figure | None:
    """mAP of every pair of cameras in per cent, the mean over the row's runs; None if not known.

    Of many cameras, those with most queries are shown.
    """
    runs = [run.camera_pairs for run in row.scored if run.camera_pairs]
    if not runs:
        return None
    cameras = _cameras(runs[0])
    values = np.full((len(cameras), len(cameras)), np.nan)
    for (query, gallery), _ in runs[0].items():
        if query in cameras and gallery in cameras:
            of_runs = [cells[query, gallery][1] for cells in runs if (query, gallery) in cells]
            values[cameras.index(query), cameras.index(gallery)] = 100 * np.mean(of_runs)
    figure = new_figure(COLUMN, max(2.2, min(0.9 + 0.36 * len(cameras), 4.2)))
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    size = 7 if len(cameras) <= 8 else 5
    for (y, x), value in np.ndenumerate(values):
        if np.isnan(value):
            axes.text(x, y, "–", ha="center", va="center", fontsize=size, color="0.6")
        else:
            color = text_color(image.to_rgba(np.array(value)))
            axes.text(x, y, f"{value:.0f}", ha="center", va="center", fontsize=size, color=color)
    names = [plain_text(camera) for camera in cameras]
    axes.set_xticks(range(len(names)), names, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_xlabel("camera of the gallery's pictures", fontsize=8)
    axes.set_ylabel("camera of the query", fontsize=8)
    axes.set_title("mAP (%) by pair of cameras", fontsize=9, loc="left")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _cameras(cells: Mapping[tuple[str, str], tuple[int, float, float]]) -> list[str]:
    queries: dict[str, int] = {}
    for (query, gallery), (count, *_) in cells.items():
        queries[query] = queries.get(query, 0) + count
        queries.setdefault(gallery, 0)
    most = sorted(queries, key=lambda camera: -queries[camera])[:_MOST_CAMERAS]
    return sorted(
        most, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
    )
