"""Colours, dashes and markers that stay distinct in print and for colour-blind people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reid_lightning.files import replaced_atomically

# Okabe and Ito's colours with a grey for the yellow, which is too pale for a line on white.
COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#808080"),
)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
MOST_LINES = len(COLORS)  # of a plot in which each has a colour of its own
COLUMN = 3.5  # inches: the column of a paper, and of a telephone
_LETTER_INCHES = 0.06  # width of a letter in a legend


def row_color(number: int) -> str:
    """The colour of the row `number` of a report, in all figures."""
    return COLORS[number % len(COLORS)]


def line_style(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of the row `number`; they repeat after `MOST_LINES`.

    Dashes change with every line, since colours look the same in grey.
    """
    return {
        "color": row_color(number),
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


def save_svg(figure: Figure, path: Path) -> None:
    """Write a figure as an SVG file: letters are outlines, so that no font is needed."""
    # The salt gives the same names to the parts of the same figure.
    with rc_context({"svg.hashsalt": "reid-lightning"}), replaced_atomically(path) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None})


def panels(figure_rows: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure one column wide, of panels below one another with the same axes.

    Args:
        figure_rows: the number of lines; a panel has at most `MOST_LINES`.
        height: of a panel, without its legend.
    """
    count = -(-figure_rows // MOST_LINES)
    legend = 0.16 * min(figure_rows, MOST_LINES)
    figure = new_figure(COLUMN, (height + legend) * count)
    grid = figure.subplots(count, squeeze=False, sharex=True, sharey=True)
    return figure, list(grid.flat)


def legend_below(axes: Axes, names: Sequence[str], title: str = "", drop: float = 0.24) -> None:
    """A legend below a panel, in as many columns as the names leave room for.

    Args:
        axes: the panel.
        names: of its lines.
        title: of the legend.
        drop: how far below the axes, as a share of their height.
    """
    columns = max(1, int(COLUMN / (0.55 + _LETTER_INCHES * max(map(len, names), default=0))))
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, -drop),
        borderaxespad=0,
        fontsize=7,
        frameon=False,
        ncols=columns,
        title=title or None,
        title_fontsize=7,
        alignment="left",
    )


def frame(axes: Axes, title: str = "") -> None:
    """Give the axes a title, a grid, and the look of all pictures."""
    axes.set_title(title, fontsize=9, loc="left")
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
