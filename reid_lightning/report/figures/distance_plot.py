"""Histograms of the distances between pictures of one person, and of two."""

import numpy as np
from matplotlib.figure import Figure

from reid_lightning.report.figures.style import COLUMN, frame, new_figure
from reid_lightning.results.findings import Findings

_BINS = 60
# Distinct for colour-blind people and in grey: the first is dark, the second light and hatched.
_POSITIVE, _NEGATIVE = ("#0072B2", None), ("#E69F00", "/////")


def distance_plot(findings: Findings) -> Figure | None:
    """Histograms of positive and negative query-gallery pairs; None without pairs."""
    pairs = {
        "one person, two cameras": (findings.positive.numpy(), *_POSITIVE),
        "two persons": (findings.negative.numpy(), *_NEGATIVE),
    }
    if not all(len(distances) for distances, *_ in pairs.values()):
        return None
    figure = new_figure(COLUMN, 2.6)
    axes = figure.add_subplot()
    all_distances = np.concatenate([distances for distances, *_ in pairs.values()])
    edges = np.linspace(all_distances.min(), all_distances.max() + 1e-6, _BINS + 1)
    for label, (distances, color, hatch) in pairs.items():
        shares = np.histogram(distances, edges)[0] / len(distances)
        axes.stairs(100 * shares, edges, fill=True, color=color, alpha=0.35, hatch=hatch)
        axes.stairs(
            100 * shares,
            edges,
            color=color,
            linewidth=1.5,
            label=f"{label} ({len(distances):,} pairs)",
        )
    frame(axes, "Pairs at a distance (% of their kind)")
    axes.set_xlabel("distance, as ranked", fontsize=8)
    axes.legend(fontsize=7, frameon=False)
    axes.margins(x=0)
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    return figure
