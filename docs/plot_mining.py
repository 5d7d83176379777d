"""Plot docs/mining.png: the triplets that each mining rule picks for one anchor of a 2-D batch.

    python docs/plot_mining.py

The triplets come from the mining functions of the package, called on the plotted points.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from reid_lightning.distances import pairwise_distance
from reid_lightning.losses.mining import mine_hard, mine_random, mine_semihard, pair_masks

POINTS = torch.tensor(
    [
        [0.0, 0.0], [0.9, 0.5], [-1.3, 0.9], [0.3, -0.8],  # the anchor's identity
        [0.4, 1.15], [1.7, 1.2], [2.3, 0.3],
        [-0.8, -1.4], [-1.9, -0.5], [1.3, -1.5],
    ]
)  # fmt: skip
LABELS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
ANCHOR = 0
COLORS, MARKERS = ("#0072B2", "#E69F00", "#009E73"), ("o", "s", "^")

Line = tuple[int, int, str]  # start, end, and kind of pair: pos, neg or second


def mined_pairs(rule: str) -> list[Line]:
    """The pairs of the triplets that `rule` picks for the anchor."""
    distances = pairwise_distance(POINTS)
    if rule == "batch_all":
        positives, negatives = pair_masks(LABELS)
        return [(ANCHOR, int(j), "pos") for j in positives[ANCHOR].nonzero()] + [
            (ANCHOR, int(j), "neg") for j in negatives[ANCHOR].nonzero()
        ]
    triplets = {
        "triplet": lambda: mine_random(LABELS, torch.Generator().manual_seed(1)),
        "hard": lambda: mine_hard(distances, LABELS),
        "semihard": lambda: mine_semihard(distances, LABELS),
        "quadruplet": lambda: mine_hard(distances, LABELS),
    }[rule]()
    lines: list[Line] = []
    valid = triplets.valid[ANCHOR]
    for positive, negative in zip(
        triplets.positive[ANCHOR][valid].flatten().tolist(),
        triplets.negative[ANCHOR][valid].flatten().tolist(),
        strict=True,
    ):
        lines += [(ANCHOR, positive, "pos"), (ANCHOR, negative, "neg")]
    if rule == "quadruplet":
        n1 = lines[-1][1]
        lines.append((n1, second_negative(distances, n1), "second"))
    return lines


def second_negative(distances: Tensor, n1: int) -> int:
    """The picture of a third identity nearest to n1."""
    third = (LABELS[ANCHOR] != LABELS) & (LABELS[n1] != LABELS)
    return int(distances[n1].masked_fill(~third, torch.inf).argmin())


def plot_rule(axes: Axes, rule: str, title: str) -> None:
    """Plot one panel: the points, and the pairs that `rule` picks."""
    styles = {"pos": ("#0072B2", "-"), "neg": ("#D55E00", "--"), "second": ("#CC79A7", ":")}
    for start, end, kind in mined_pairs(rule):
        color, style = styles[kind]
        x, y = POINTS[[start, end]].T.tolist()
        axes.plot(x, y, color=color, linestyle=style, linewidth=2, zorder=1)
    for label, (color, marker) in enumerate(zip(COLORS, MARKERS, strict=True)):
        x, y = POINTS[label == LABELS].T.tolist()
        axes.scatter(x, y, color=color, marker=marker, s=60, zorder=2, edgecolor="white")
    axes.scatter(*POINTS[ANCHOR].tolist(), s=190, facecolor="none", edgecolor="black", zorder=3)
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    axes.margins(0.12)


def main() -> None:
    """Save the picture in the folder of this file."""
    titles = {
        "triplet": "triplet: random",
        "hard": "hard: farthest positive,\nnearest negative",
        "semihard": "semihard: for each positive the\nnext farther negative",
        "batch_all": "batch_all: all triplets",
        "quadruplet": "quadruplet: hard, and a pair\nof two other identities",
    }
    figure, panels = plt.subplots(1, 5, figsize=(15, 3.4), layout="constrained")
    for axes, (rule, title) in zip(panels, titles.items(), strict=True):
        plot_rule(axes, rule, title)
    figure.savefig(Path(__file__).with_name("mining.png"), dpi=70)


if __name__ == "__main__":
    main()
