"""The runs that a report shows, read from their folders."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_json, read_yaml
from reid_lightning.results.findings import FINDINGS_FILE, Findings, read_findings
from reid_lightning.results.overrides import (
    differing_keys,
    is_number,
    read_overrides,
    short_value,
)
from reid_lightning.results.per_query import read_first_matches
from reid_lightning.results.run_card import flat_config
from reid_lightning.results.status import read_status


class Run(NamedTuple):
    """A run: `results` is its metrics.json (empty: not finished), `rows` its metrics.csv."""

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
        jobs = sorted(
            (p.parent.parent for p in path.glob("**/.hydra/config.yaml")), key=_natural_order
        )
        if not jobs:
            raise ReIDError(
                f"There is no run in {path}: name the folder of a run or a sweep, such as "
                "outputs/DATE_SET_LOSS or multirun/DATE."
            )
        folders += [job.absolute() for job in jobs if job.absolute() not in folders]
    names = _names(folders)
    return [_read(name, folder) for name, folder in zip(names, folders, strict=True)]


def _with_recipe(config: Any) -> Any:
    """The values that a set's `recipe` decides, in place of `${oc.select:recipe.lr,3.5e-4}`."""

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolved(below) for key, below in value.items()}
        match = re.fullmatch(r"\$\{oc\.select:recipe\.(\w+),(.+)\}", str(value))
        return config.get("recipe", {}).get(match[1], match[2]) if match else value

    return resolved(config)


def _read(name: str, folder: Path) -> Run:
    try:
        status = read_status(folder)
        finished = status == "finished"
        results = read_json(folder / "metrics.json") if finished else {}
        rows: list[dict[str, str]] = []
        if (path := folder / "metrics.csv").is_file():
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        per_query, findings = folder / "per_query.csv", folder / FINDINGS_FILE
        config = _with_recipe(read_yaml(folder / ".hydra" / "config.yaml"))
        return Run(
            name,
            folder,
            status,
            flat_config(config),
            results,
            rows,
            read_first_matches(per_query) if results and per_query.is_file() else None,
            read_findings(findings) if results and findings.is_file() else None,
        )
    except (OSError, ValueError, KeyError) as error:
        raise ReIDError(
            f"The run in {folder} cannot be read ({type(error).__name__}: {error}): "
            "score it again, or leave it out."
        ) from error


def _names(folders: Sequence[Path]) -> list[str]:
    overrides = [read_overrides(folder) for folder in folders]
    keys = differing_keys(overrides)
    pairs = [[(key, short_value(run[key])) for key in keys if key in run] for run in overrides]
    value_alone = len(keys) == 1 and not any(is_number(v) for run in pairs for _, v in run)
    names = [", ".join(v if value_alone else f"{k}={v}" for k, v in run) for run in pairs]
    if all(names) and len(set(names)) == len(names):
        return names
    lengthening = (["/".join(folder.parts[-n:]) for folder in folders] for n in range(1, 99))
    return next(names for names in lengthening if len(set(names)) == len(names))


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """A sort key that puts job 10 after job 9."""
    return [(int(n or 0), text) for n, text in re.findall(r"(\d+)|(\D+)", str(path))]
