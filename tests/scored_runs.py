"""Finished runs with scores of single queries, made by hand."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from reid_lightning.results.status import write_status

MakeScored = Callable[..., Path]
# (picture, person, AP, rank of the first match): of two people, three queries and one query.
Rows = Sequence[tuple[str, str, float, int]]


@pytest.fixture
def make_scored(tmp_path: Path) -> MakeScored:
    """Makes the folder of a finished run whose metrics.json agrees with its per_query.csv."""

    def make(
        folder: str, rows: Rows, *, seed: int = 0, config: dict | None = None, **results: Any
    ) -> Path:
        run = tmp_path / folder
        (run / ".hydra").mkdir(parents=True)
        settings = {"loss": {"margin": 0.3}} | (config or {}) | {"seed": seed}
        (run / ".hydra" / "config.yaml").write_text(yaml.dump(settings))
        typed = [f"loss.margin={settings['loss']['margin']}", f"seed={seed}"]
        (run / ".hydra" / "overrides.yaml").write_text(yaml.dump(typed))
        write_scores(run, rows, **results)
        write_status(run, "finished")
        return run

    return make


def write_scores(run: Path, rows: Rows, **results: Any) -> None:
    """Write metrics.json and per_query.csv; a query with rank 0 has no match."""
    with (run / "per_query.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "pid", "camera", "matches", "first_match", "AP", "INP"])
        for picture, pid, ap, rank in rows:
            writer.writerow([picture, pid, 0, *((1, rank, ap, ap) if rank else (0, "", "", ""))])
    valid = [row for row in rows if row[3]]
    scores = {
        "test/mAP": sum(ap for _, _, ap, _ in valid) / len(valid),
        "test/rank1": sum(rank == 1 for *_, rank in valid) / len(valid),
    }
    counts = {"test/queries": float(len(rows)), "test/gallery": 90.0, "cameras": 6}
    common = {"ap": "step", "data": "mine", "distance": "cosine"}
    (run / "metrics.json").write_text(json.dumps(scores | counts | common | results))


ROWS_A = [
    ("a.jpg", "1", 0.5, 2),
    ("b.jpg", "1", 1.0, 1),
    ("c.jpg", "2", 0.25, 4),
    ("d.jpg", "2", 0.0, 0),  # without a match
]
ROWS_B = [
    ("a.jpg", "1", 1.0, 1),
    ("b.jpg", "1", 1.0, 1),
    ("c.jpg", "2", 0.2, 5),
    ("d.jpg", "2", 0.0, 0),
]


def many(gain: float, spread: float = 0.0) -> list[tuple[str, str, float, int]]:
    """Three queries of each of forty people, `spread` apart in their AP."""
    return [
        (f"{n}.jpg", str(n // 3), 0.5 + gain + spread * ((n // 3) % 7 - 3), 1 + n % 2)
        for n in range(120)
    ]


def sweep(make_scored: MakeScored, seeds: dict[str, list[int]], gains: dict[str, float]) -> None:
    for name, margin in (("a", 0.3), ("b", 0.1)):
        for seed in seeds[name]:
            gain = gains[name] + 0.01 * seed + 0.001 * (seed == 1) * (name == "b")
            rows = many(gain, 0.02 * seed)
            make_scored(f"{name}/{seed}", rows, seed=seed, config={"loss": {"margin": margin}})
