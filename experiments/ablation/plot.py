"""Plot scores.png: what each row of results.csv scores at home and at the other place.

python experiments/ablation/plot.py
"""

import csv
from pathlib import Path

from matplotlib.figure import Figure

from reid_lightning.report.figures.style import COLORS, frame, new_figure, save_png

HERE = Path(__file__).parent
LABELS = {"height_384 with the teachers parts and height_384": "height_384, two teachers"}
# Points upwards, so that all are legible.
SHIFTS = {"no_smoothing": 4, "height_384": -4, "base": 6, "epochs_60": -6}
LEFT_UP_TO = 40.0  # % at the other place: the label is on the point's left


def trade_off(rows: list[dict[str, str]]) -> Figure:
    """mAP at home over mAP at the other place, a point a row, with lines through the base."""
    figure = new_figure(6.5, 4.2)
    axes = figure.add_subplot()
    for row in rows:
        name = row["setting"]
        elsewhere, home = (100 * float(row[key]) for key in ("synthetic/mAP", "val/mAP"))
        color, left = COLORS[name == "base"], elsewhere <= LEFT_UP_TO
        if name == "base":
            axes.axvline(elsewhere, color="0.7", linewidth=1, linestyle="--")
            axes.axhline(home, color="0.7", linewidth=1, linestyle="--")
        axes.plot(elsewhere, home, "o", color=color, markersize=5)
        axes.annotate(
            LABELS.get(name, name),
            (elsewhere, home),
            xytext=(-6 if left else 6, SHIFTS.get(name, 0)),
            ha="right" if left else "left",
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=color,
        )
    frame(axes)
    axes.set_xlim(15, 88)
    axes.set_xlabel("other place (drawn people): mAP (%)", fontsize=8)
    axes.set_ylabel("at home, people held out: mAP (%)", fontsize=8)
    return figure


def main() -> None:
    """Write the figure beside this file."""
    with (HERE / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    save_png(trade_off(rows), HERE / "scores.png", dpi=150)


if __name__ == "__main__":
    main()
