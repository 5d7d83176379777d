"""The detection error trade-off of an open-set evaluation."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.report.figures.style import frame, line_style, new_figure


def det_plot(curves: Mapping[int, DetCurve]) -> Figure:
    """FNIR over FPIR, a line for each rank; FPIR is logarithmic from 0.1% on.

    Args:
        curves: by rank.
    """
    figure = new_figure(5, 3.6)
    axes = figure.add_subplot()
    for number, (rank, (fpir, fnir)) in enumerate(curves.items()):
        style = line_style(number) | {"marker": "", "drawstyle": "steps-post"}
        axes.plot(100 * fpir.cpu().numpy(), 100 * fnir.cpu().numpy(), label=f"rank {rank}", **style)
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    frame(axes, "People in the gallery who are missed (FNIR, %)")
    axes.set_xlabel("people not in the gallery who are found there (FPIR, %)", fontsize=8)
    axes.legend(fontsize=8, frameon=False)
    return figure
