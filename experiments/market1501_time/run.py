"""Rank Market-1501 by time and place alone, without any picture.

    python experiments/market1501_time/run.py [--names FOLDER]

Only file names are read: those committed with the tests, or those of the set in FOLDER. Writes
results.csv and distributions.png next to this file.
"""

import argparse
import csv
import lzma
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tabulate import tabulate
from torch import Tensor

from reid_lightning.data.clock import with_times
from reid_lightning.data.readers.market1501 import (
    parse_name,
    read_market1501,
)
from reid_lightning.data.roles import with_roles
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.metrics.ranking import AveragePrecision, QueryResults, rank_queries
from reid_lightning.metrics.summary import scores
from reid_lightning.report.figures.transit_plot import plot_distributions
from reid_lightning.retrieval.spatial_temporal import SpatialTemporal, joint_score

HERE = Path(__file__).parent
NAMES = HERE.parents[1] / "tests" / "fixtures" / "market1501_names.txt.xz"

Score = Callable[[Tensor], Tensor]  # indices of queries -> scores [queries, gallery]


class Columns(NamedTuple):
    pids: Tensor
    camids: Tensor
    times: Tensor


def committed_names() -> Splits:
    paths = [Path(line) for line in lzma.decompress(NAMES.read_bytes()).decode().split()]
    folders = ("bounding_box_train", "query", "bounding_box_test")
    train, query, gallery = (
        tuple(parse_name(p) for p in paths if p.parts[0] == f) for f in folders
    )
    return Splits(train, query, gallery)


def columns(samples: Sequence[Sample]) -> Columns:
    rows = [(s.pid, s.camid, -1 if s.time is None else s.time) for s in samples]
    return Columns(*torch.tensor(rows).T)


class Study:
    def __init__(self, splits: Splits) -> None:
        splits = with_roles(with_times(splits), distractor_pid=0)
        self.query = columns(splits.query)
        self.gallery = columns([s for s in splits.gallery if s.role != "junk"])
        self.model = SpatialTemporal.fit(*columns(splits.train))
        self.chunks = torch.arange(len(splits.query)).split(256)

    def probability(self, chunk: Tensor) -> Tensor:
        q, g = self.query, self.gallery
        return self.model.probability(q.camids[chunk], q.times[chunk], g.camids, g.times)

    def time_alone(self, chunk: Tensor) -> Tensor:
        """Every two pictures are equally similar; only time and place differ."""
        p = self.probability(chunk)
        return joint_score(torch.ones_like(p), p)

    def ties_at_random(self, chunk: Tensor) -> Tensor:
        p = self.probability(chunk).double()
        return p + 1e-15 * torch.rand_like(p)

    def at_random(self, chunk: Tensor) -> Tensor:
        return torch.rand(len(chunk), len(self.gallery.pids))

    def rank(self, score: Score, ap: AveragePrecision = "step") -> dict[str, float]:
        torch.manual_seed(0)
        q, g = self.query, self.gallery
        results = [
            rank_queries(-score(c), q.pids[c], q.camids[c], g.pids, g.camids, ap)
            for c in self.chunks
        ]
        joined = QueryResults(*(torch.cat(parts) for parts in zip(*results, strict=True)))
        return {key: float(value) for key, value in scores(joined).items()}

    def row(self, name: str, score: Score) -> dict[str, str]:
        start = time.perf_counter()
        scored = self.rank(score)
        seconds = time.perf_counter() - start
        values = {k: scored[k] for k in ("rank1", "rank5", "rank10")} | {"mAP_step": scored["mAP"]}
        values["mAP_trapezoid"] = self.rank(score, "trapezoid")["mAP"]
        texts = {key: f"{value:.4f}" for key, value in values.items()}
        return {"scored_by": name} | texts | {"seconds": f"{seconds:.1f}"}

    def ruled_out(self) -> dict[str, float]:
        """Shares of the pairs of one person at two cameras, and of the pairs of two people."""
        positive, negative = [], []
        for chunk in self.chunks:
            p = self.probability(chunk)
            same = self.query.pids[chunk][:, None] == self.gallery.pids
            positive.append(p[same & (self.query.camids[chunk][:, None] != self.gallery.camids)])
            negative.append(p[~same])
        positive, negative = torch.cat(positive), torch.cat(negative)
        lowest = positive.sort().values[len(positive) // 20]
        return {
            "one person at two cameras, p = 0": float((positive == 0).double().mean()),
            "two people, p = 0": float((negative == 0).double().mean()),
            "two people, p below that of 95% of the former": float(
                (negative < lowest).double().mean()
            ),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--names", type=Path, help="a set in the Market-1501 layout")
    names = parser.parse_args().names
    study = Study(committed_names() if names is None else read_market1501(names))
    rows = [
        study.row("time and place", study.time_alone),
        study.row("the same, ties at random", study.ties_at_random),
        study.row("random numbers", study.at_random),
    ]
    with (HERE / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    plot_distributions(study.model, HERE / "distributions.png")
    print(tabulate(rows, headers="keys", tablefmt="simple", disable_numparse=True))
    print(tabulate([(key, f"{value:.1%}") for key, value in study.ruled_out().items()]))


if __name__ == "__main__":
    main()
