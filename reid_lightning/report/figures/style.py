"""Colours, dashes and markers that stay distinct in print and for colour-blind people."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reid_lightning.files import replaced_atomically

# Okabe and Ito's colours without the yellow, which is too pale for a line on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def line_style(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of the line `number`; they repeat after 28 lines.

    Dashes change with every line, since colours look the same in grey.
    """
    return {
        "color": COLORS[number % len(COLORS)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.6,
    }


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, `width` × `height` inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save_png(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as a PNG file."""
    with replaced_atomically(path) as partial:
        figure.savefig(partial, dpi=dpi, format="png")


def frame(axes: Axes, title: str = "") -> None:
    """Give the axes a title, a grid, and the look of all pictures."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def plain_text(name: str) -> str:
    """A name that matplotlib shows unchanged: `$` starts no formula, `_` hides no legend entry.

    What cannot be printed is a question mark.
    """
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return (f" {printable}" if name.startswith("_") else printable).replace("$", r"\$")
