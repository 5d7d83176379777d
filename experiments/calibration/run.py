"""How right a run's calibration is, on the official split of its set.

    python experiments/calibration/run.py RUN DATA [--out FOLDER]

RUN is the folder of a training with data.val_identities, DATA a set in the Market-1501 layout of
which the training saw neither query nor gallery. Writes results.csv and reliability.png.
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from tabulate import tabulate

from reid_lightning import load_model
from reid_lightning.data.readers.market1501 import read_market1501
from reid_lightning.data.sample import Sample
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.calibration_file import read_calibration
from reid_lightning.report.figures.style import COLORS, frame, new_figure, save_png

BINS = 15
SEARCHES = 2_000  # for somebody who is not in the gallery, of each size
HERE = Path(__file__).parent

Floats = NDArray[np.float64]


class Pairs(NamedTuple):
    """Similarities of query and gallery by two cameras, whether of one person, and their weight.

    Both kinds of pairs weigh the same in all.
    """

    similarity: Floats
    same: NDArray[np.bool_]
    weight: Floats


class Bin(NamedTuple):
    """The pairs of one bin: their share by weight, mean probability, and share of one person."""

    share: float
    said: float
    found: float


def pairs_of(similarities: Floats, query: list[Sample], gallery: list[Sample]) -> Pairs:
    """The pairs by two cameras; `similarities` [queries, gallery]."""
    (pids, camids), (others, by) = (
        np.array([(s.pid, s.camid) for s in samples]).T for samples in (query, gallery)
    )
    counted = camids[:, None] != by
    same = (pids[:, None] == others)[counted]
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    return Pairs(similarities[counted], same, weight)


def bins_of(said: Floats, pairs: Pairs) -> list[Bin]:
    """The bins that hold pairs, by equal steps of the probability."""
    index = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = index == number
        share = pairs.weight[inside].sum()
        if share > 0:
            weights = pairs.weight[inside] / share
            found = (weights * pairs.same[inside]).sum()
            bins.append(Bin(share, (weights * said[inside]).sum(), found))
    return bins


def error_of(bins: list[Bin]) -> float:
    """The expected calibration error (Naeini et al., AAAI 2015)."""
    return sum(b.share * abs(b.said - b.found) for b in bins)


def reliability(bins: list[Bin], error: float) -> Figure:
    """The share of one person over the probability that was said, and how many pairs there are."""
    figure = new_figure(3.5, 4.2)
    above, below = figure.subplots(2, height_ratios=[3, 1], sharex=True)
    above.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    points = np.array(bins)
    above.plot(points[:, 1], points[:, 2], color=COLORS[0], marker="o", markersize=4)
    frame(above, f"share that is of one person (ECE {error:.3f})")
    above.set_ylim(0, 1)
    below.bar(points[:, 1], 100 * points[:, 0], width=0.8 / BINS, color=COLORS[0])
    frame(below, "share of the pairs (%)")
    below.set_xlabel("probability that was said, both kinds of pairs alike", fontsize=8)
    below.set_xlim(0, 1)
    return figure


def match_rows(calibration: Calibration, pairs: Pairs) -> list[list[str]]:
    """What the thresholds of false matches let through here."""
    rows = []
    for rate, threshold in (
        ("1%", calibration.false_match_1_percent),
        ("0.1%", calibration.false_match_0_1_percent),
    ):
        if threshold is not None:
            reach = pairs.similarity >= threshold.similarity
            false, true = reach[~pairs.same].mean(), reach[pairs.same].mean()
            rows.append([f"false matches at the threshold of {rate}", f"{false:.2%}"])
            rows.append([f"true matches at the threshold of {rate}", f"{true:.1%}"])
    return rows


def absent_rows(calibration: Calibration, similarities: Floats, pids: list[int]) -> list[list[str]]:
    """How often the best result of somebody who is not there reaches the threshold for it.

    Galleries are of all pictures of some people, as the threshold means them, and of some pictures
    of all people.
    """
    random = np.random.default_rng(0)
    people, rows = np.array(pids), list[list[str]]()
    for size in (100, 300, 1_000, 3_000):
        threshold = calibration.absent_threshold(size)
        assert threshold is not None
        for kind in ("all pictures of some people", "some pictures of all people"):
            reached = []
            for row in random.integers(len(similarities), size=SEARCHES):
                others = random.permutation(np.flatnonzero(people != people[row]))
                if kind.startswith("all"):
                    names = random.permutation(np.unique(people[others]))
                    position = dict(zip(names.tolist(), range(len(names)), strict=True))
                    order = np.argsort([position[p] for p in people[others].tolist()])
                    others = others[order]
                reached.append(similarities[row, others[:size]].max() >= threshold.similarity)
            found = f"{np.mean(reached):.1%}, for {threshold.rate:.0%}"
            rows.append([f"strangers found among {size:,} pictures: {kind}", found])
    return rows


def main() -> None:
    """Print the table, and write it and the diagram."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    calibration = read_calibration(options.run / "calibration.json")
    model = load_model(options.run)
    calibration.check(options.run / "calibration.json", model)
    splits = read_market1501(options.data)
    query, gallery = list(splits.query), [s for s in splits.gallery if s.pid > 0]
    x, y = (model([s.picture for s in samples]).double().numpy() for samples in (query, gallery))
    pairs = pairs_of(x @ y.T, query, gallery)
    said = expit(calibration.intercept + calibration.slope * pairs.similarity)
    bins = bins_of(said, pairs)
    # What the best monotonic map of these very pairs would leave: the least that is possible.
    best = IsotonicRegression(out_of_bounds="clip").fit(
        pairs.similarity, pairs.same, sample_weight=pairs.weight
    )
    rows = [
        ["people held out", str(calibration.people)],
        ["pairs of one person", f"{pairs.same.sum():,}"],
        ["pairs of two people", f"{(~pairs.same).sum():,}"],
        ["expected calibration error", f"{error_of(bins):.3f}"],
        ["mean probability said of pairs of one person", f"{said[pairs.same].mean():.3f}"],
        ["mean probability said of pairs of two people", f"{said[~pairs.same].mean():.3f}"],
        [
            "the same by the best map of these pairs",
            " and ".join(
                f"{best.predict(pairs.similarity[kind]).mean():.3f}"
                for kind in (pairs.same, ~pairs.same)
            ),
        ],
        *match_rows(calibration, pairs),
        *absent_rows(calibration, y @ y.T, [s.pid for s in gallery]),
    ]
    print(tabulate(rows, tablefmt="simple", disable_numparse=True))
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["what", "value"], *rows])
    save_png(reliability(bins, error_of(bins)), options.out / "reliability.png", dpi=150)


if __name__ == "__main__":
    main()
