"""The runs that a report is of, read from the folders that they left."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf
from torch import Tensor
from yaml import YAMLError

from reid_lightning.errors import ReIDError
from reid_lightning.results.findings import FILE, Findings, read_findings
from reid_lightning.results.per_query import read_first_matches
from reid_lightning.results.run_card import flat
from reid_lightning.results.sweep_summary import (
    FINISHED,
    differing,
    is_number,
    overrides_of,
    status_of,
)


class Run(NamedTuple):
    """A run: `results` is its metrics.json (empty: it has not ended), `rows` its metrics.csv."""

    name: str
    folder: Path
    status: str
    config: dict[str, Any]  # flat
    results: dict[str, Any]
    rows: list[dict[str, str]]
    first_match: Tensor | None
    findings: Findings | None

    def curve(self, name: str) -> list[tuple[float, float]]:
        """The values of `name` with their epochs, which count from 1."""
        return [(float(r["epoch"]) + 1, float(r[name])) for r in self.rows if r.get(name)]


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """The runs in `paths`, each the folder of a run or of a sweep; a sweep's in the jobs' order.

    Runs are named by the overrides that they differ in, or by their folders.

    Raises:
        ReIDError: there is no run in one of `paths`, or a file of a run cannot be read.
    """
    folders: list[Path] = []
    for path in paths:
        jobs = sorted((p.parent.parent for p in path.glob("**/.hydra/config.yaml")), key=_natural)
        if not jobs:
            raise ReIDError(
                f"There is no run in {path}: name the folder that a run or a sweep left, such as "
                "outputs/DATE_SET_LOSS or multirun/DATE."
            )
        folders += [job.absolute() for job in jobs if job.absolute() not in folders]
    names = _names(folders)
    return [_read(name, folder) for name, folder in zip(names, folders, strict=True)]


def _read(name: str, folder: Path) -> Run:
    def there(file: str) -> Path | None:
        return folder / file if (folder / file).is_file() else None

    try:
        status = status_of(folder)
        results = json.loads((folder / "metrics.json").read_text()) if status == FINISHED else {}
        rows = []
        if path := there("metrics.csv"):
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        queries, found = there("per_query.csv"), there(FILE)
        config = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "config.yaml"))
        return Run(
            name,
            folder,
            status,
            flat(config),  # type: ignore[arg-type]
            results,
            rows,
            read_first_matches(queries) if queries and results else None,
            read_findings(found) if found and results else None,
        )
    except (OSError, ValueError, KeyError, YAMLError) as error:
        raise ReIDError(
            f"The run in {folder} cannot be read ({type(error).__name__}: {error}): "
            "score it anew, or leave it out."
        ) from error


def _names(folders: Sequence[Path]) -> list[str]:
    given = [overrides_of(folder) for folder in folders]
    keys = differing(given)
    told = [[(key, _short(one[key])) for key in keys if key in one] for one in given]
    words = len(keys) == 1 and not any(is_number(v) for one in told for _, v in one)
    names = [", ".join(v if words else f"{k}={v}" for k, v in one) for one in told]
    if all(names) and len(set(names)) == len(names):
        return names
    parts = (["/".join(folder.parts[-n:]) for folder in folders] for n in range(1, 99))
    return next(ends for ends in parts if len(set(ends)) == len(ends))


def _short(value: str) -> str:
    value = value.strip("'\"")
    return Path(value).name if value.startswith(("/", "~")) else value


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts job 10 after job 9."""
    return [(int(n or 0), text) for n, text in re.findall(r"(\d+)|(\D+)", str(path))]
