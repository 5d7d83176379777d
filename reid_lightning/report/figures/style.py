"""How lines and points are told apart: in print, and by colour-blind people."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours without the yellow, which is too pale for a line on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def line_style(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of the line `number`: alike only after 28 lines.

    Dashes change with every line, since colours are alike in grey.
    """
    return {
        "color": COLORS[number % len(COLORS)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.6,
    }


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    return Figure(figsize=(width, height), layout="constrained")


def frame(axes: Axes, title: str = "") -> None:
    """Axes as all pictures have them."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def plain(name: str) -> str:
    """A name as matplotlib writes it, not as mathematics nor as one that no legend shows."""
    return (f" {name}" if name.startswith("_") else name).replace("$", r"\$")
