"""Scores of several rows side by side, with their 95% intervals."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from reid_lightning.report.figures.style import COLUMN, frame, new_figure, plain_text, row_color
from reid_lightning.report.intervals import score_of
from reid_lightning.report.rows import Row

_MARKERS: dict[str, tuple[str, float]] = {"test/mAP": ("o", -0.13), "test/rank1": ("s", 0.13)}
_TITLES = {"test/mAP": "mAP", "test/rank1": "Rank-1"}
_MOST_LETTERS = 26  # of a name on one line


def score_plot(rows: Sequence[Row]) -> Figure | None:
    """mAP and Rank-1 of each row in its colour, with their intervals; None without scores."""
    scored = [row for row in rows if row.scored]
    if not scored:
        return None
    figure = new_figure(COLUMN, 1.1 + 0.45 * len(scored))
    axes = figure.add_subplot()
    for key, (marker, shift) in _MARKERS.items():
        for line, row in enumerate(scored):
            if (score := score_of(row, key)) is None:
                continue
            mean, low, high = (100 * x for x in (score.mean, score.low, score.high))
            style: dict[str, Any] = {"color": row_color(row.number), "fmt": marker, "capsize": 2}
            if key == "test/mAP":
                style["markerfacecolor"] = "white"
            axes.errorbar(mean, line + shift, xerr=[[mean - low], [high - mean]], ms=5, **style)
    axes.set_yticks(range(len(scored)), [_wrapped(row.name) for row in scored])
    axes.set_ylim(len(scored) - 0.5, -0.5)
    frame(axes)
    axes.set_xlabel("%, with 95% intervals", fontsize=8)
    for key, (marker, _) in _MARKERS.items():
        face = "white" if key == "test/mAP" else "0.3"
        axes.plot([], [], marker, color="0.3", markerfacecolor=face, ms=5, label=_TITLES[key])
    figure.legend(loc="outside upper right", ncols=2, fontsize=8, frameon=False)
    return figure


def _wrapped(name: str) -> str:
    """A name on as many lines as it needs; matplotlib breaks none."""
    parts = [name[i : i + _MOST_LETTERS] for i in range(0, len(name), _MOST_LETTERS)]
    return "\n".join(map(plain_text, parts))
