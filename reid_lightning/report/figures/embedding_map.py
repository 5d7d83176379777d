"""A map of a few people's embeddings: whose pictures are near whose."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits
from torch.nn import functional as F

from reid_lightning.report.figures.style import COLORS, COLUMN, MARKERS, new_figure
from reid_lightning.results.findings import Findings

_PERPLEXITY = 15  # roughly the number of neighbours that a picture keeps near


def embedding_map(findings: Findings) -> Figure | None:
    """Embeddings in two dimensions by t-SNE (van der Maaten & Hinton 2008), the same on every call.

    A colour and a number per person, a marker per camera if there are several. None for fewer than
    5 pictures, for embeddings of one number, or if all embeddings are the same.
    """
    count = len(findings.pids)
    unit = F.normalize(findings.embeddings).numpy()
    if count < 5 or findings.embeddings.shape[1] < 2 or (unit == unit[0]).all():
        return None
    perplexity = min(_PERPLEXITY, (count - 1) / 3)
    with threadpool_limits(1):  # faster for so few points, and reproducible
        points = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(unit)
    figure = new_figure(COLUMN, 3.4)
    axes = figure.add_subplot()
    pids, camids = findings.pids.numpy(), findings.camids.numpy()
    cameras = sorted(set(camids.tolist()))
    for number, pid in enumerate(sorted(set(pids.tolist()))):
        color = COLORS[number % len(COLORS)]
        for camera, marker in zip(cameras, MARKERS * len(cameras), strict=False):
            x, y = points[(pids == pid) & (camids == camera)].T
            axes.scatter(x, y, s=26, color=color, marker=marker, alpha=0.75, linewidths=0)
        x, y = np.median(points[pids == pid], axis=0)
        label = axes.text(x, y, str(pid), fontsize=9, weight="bold", color=color, ha="center")
        label.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("0.8")
    axes.set_title("The people with most pictures (t-SNE)", fontsize=9, loc="left")
    handles = [
        Line2D([], [], color="0.4", marker=marker, linestyle="", label=f"camera {camera + 1}")
        for camera, marker in zip(cameras, MARKERS * len(cameras), strict=False)
    ]
    if len(cameras) > 1:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False
        )
    return figure
