"""The runs that a report shows, read from their folders."""

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_csv, read_yaml
from reid_lightning.metrics.open_set import DetCurve
from reid_lightning.results.camera_pairs import CAMERA_PAIRS_FILE, Cells, read_camera_pairs
from reid_lightning.results.findings import FINDINGS_FILE, Findings, read_findings
from reid_lightning.results.groups import seed_groups
from reid_lightning.results.metrics_json import read_results
from reid_lightning.results.open_set import OPEN_SET_FILE, read_det_curves
from reid_lightning.results.overrides import read_overrides
from reid_lightning.results.per_query import QueryScores, read_per_query
from reid_lightning.results.retrieved import RETRIEVED_FILE, Retrieved, read_retrieved
from reid_lightning.results.run_card import flat_config
from reid_lightning.results.run_names import run_names
from reid_lightning.results.status import read_status

T = TypeVar("T")
_MOST = 1e30  # of a value in metrics.csv that can be drawn


class Run(NamedTuple):
    """A run: `results` is its metrics.json (empty: not finished), `rows` its metrics.csv.

    Runs that differ by nothing but their seed are of one `group`, which has a name of its own.
    """

    name: str
    group: str
    folder: Path
    status: str
    config: dict[str, Any]  # flat
    results: dict[str, Any]
    rows: list[dict[str, str]]
    queries: QueryScores | None
    findings: Findings | None
    retrieved: Retrieved | None = None
    camera_pairs: Cells | None = None
    det_curves: dict[int, DetCurve] | None = None  # by rank
    problems: Sequence[str] = ()  # a sentence per file that could not be read

    @property
    def first_match(self) -> Tensor | None:
        """The rank of each query's nearest match, 0 without one; None if it is not known."""
        if self.queries is None:
            return None
        return torch.from_numpy(np.nan_to_num(self.queries.first_match).astype(np.int64))

    def curve(self, name: str) -> list[tuple[float, float]]:
        """The values of `name` with their epochs, which count from 1."""
        rows = [row for row in self.rows if row.get(name) and row.get("epoch")]
        return [(float(row["epoch"]) + 1, float(row[name])) for row in rows]


class _Attempts:
    """Reads files, and keeps what is wrong with those that cannot be read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, read: Callable[[Path], T], path: Path, otherwise: T) -> T:
        try:
            return read(path)
        except ReIDError as error:
            self.problems.append(str(error))
            return otherwise


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """The runs in `paths`, each the folder of a run or of a sweep; a sweep's in the jobs' order.

    See `run_names` for how they are named. A file that cannot be read is left out, and its run's
    `problems` say so.

    Raises:
        ReIDError: there is no run in one of `paths`.
    """
    folders: list[Path] = []
    for path in paths:
        # A link to nothing counts: the run is there, and its configuration cannot be read.
        named = (p for p in path.glob("**/.hydra") if os.path.lexists(p / "config.yaml"))
        jobs = sorted((p.parent for p in named), key=_natural_order)
        if not jobs:
            raise ReIDError(
                f"There is no run in {path}: name the folder of a run or a sweep, such as "
                "outputs/DATE_SET_LOSS or multirun/DATE."
            )
        folders += [job.absolute() for job in jobs if job.absolute() not in folders]
    attempts = [_Attempts() for _ in folders]
    overrides = [
        attempt(read_overrides, folder, dict[str, str]())
        for attempt, folder in zip(attempts, folders, strict=True)
    ]
    names = _names(dict(zip(folders, overrides, strict=True)))
    return [
        _read(*names[folder], folder, attempt)
        for folder, attempt in zip(folders, attempts, strict=True)
    ]


def _names(overrides: Mapping[Path, dict[str, str]]) -> dict[Path, tuple[str, str]]:
    """The name of each run and of its group, by the run's folder."""
    groups = seed_groups(overrides)
    first = [group[0].folder for group in groups]
    seedless = [{k: v for k, v in overrides[f].items() if k != "seed"} for f in first]
    return {
        run.folder: (name if len(group) == 1 else f"{name}, seed {run.seed}", name)
        for group, name in zip(groups, run_names(first, seedless), strict=True)
        for run in group
    }


def _read(name: str, group: str, folder: Path, attempt: _Attempts) -> Run:
    status = attempt(read_status, folder, "its state is not known")
    results: dict[str, Any] = {}
    if status == "finished":
        results = attempt(read_results, folder / "metrics.json", {})
        status = status if results else "finished, but its results cannot be read"

    def scored(read: Callable[[Path], T], file: str) -> T | None:
        path = folder / file
        return attempt(read, path, None) if results and os.path.lexists(path) else None

    csv = folder / "metrics.csv"
    return Run(
        name,
        group,
        folder,
        status,
        attempt(_read_config, folder / ".hydra" / "config.yaml", {}),
        results,
        attempt(_read_rows, csv, []) if os.path.lexists(csv) else [],
        scored(read_per_query, "per_query.csv"),
        scored(read_findings, FINDINGS_FILE),
        scored(read_retrieved, RETRIEVED_FILE),
        scored(read_camera_pairs, CAMERA_PAIRS_FILE),
        scored(read_det_curves, OPEN_SET_FILE),
        attempt.problems,
    )


def _read_config(path: Path) -> dict[str, Any]:
    """The flat configuration, with the values that a set's `recipe` decides.

    They stand in place of `${oc.select:recipe.lr,3.5e-4}`.
    """
    config = read_yaml(path)
    if not isinstance(config, dict):
        raise ReIDError(f"{path} is damaged: it holds no configuration.")
    recipe = config.get("recipe")

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolved(below) for key, below in value.items()}
        match = re.fullmatch(r"\$\{oc\.select:recipe\.(\w+),(.+)\}", str(value))
        if match is None:
            return value
        return recipe.get(match[1], match[2]) if isinstance(recipe, dict) else match[2]

    return flat_config(resolved(config))


def _read_rows(path: Path) -> list[dict[str, str]]:
    rows = read_csv(path)
    for number, row in enumerate(rows, start=1):
        for name, text in row.items():
            if text and not _can_be_drawn(text):
                raise ReIDError(f"{path} is damaged: {name} of its row {number} is no number.")
    return rows


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """A sort key that puts job 10 after job 9."""
    return [(int(n or 0), text) for n, text in re.findall(r"(\d+)|(\D+)", str(path))]


def _can_be_drawn(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return abs(value) < _MOST or not math.isfinite(value)
