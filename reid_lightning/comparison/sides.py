"""The two sides of a comparison: runs that differ by their seed alone, with their scores."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reid_lightning.errors import ReIDError
from reid_lightning.results.groups import SeedRun, seed_groups
from reid_lightning.results.metrics_json import read_results
from reid_lightning.results.overrides import differing_keys, read_overrides, short_value
from reid_lightning.results.per_query import QueryScores, read_per_query
from reid_lightning.results.status import read_status

_ROUNDING = 1e-6  # between the mAP of metrics.json and that of per_query.csv


class ScoredRun(NamedTuple):
    """A run or an evaluation that is finished: `results` is its metrics.json."""

    folder: Path
    seed: int | None
    results: Mapping[str, Any]
    scores: QueryScores


def read_side(paths: Sequence[Path]) -> list[ScoredRun]:
    """The runs of one side, by their seeds.

    Args:
        paths: folders of runs, of evaluations, or that hold some (as of a sweep).

    Raises:
        ReIDError: a folder holds no run, one has no scores, or they differ by more than their seed.
    """
    folders = [folder for path in paths for folder in _run_folders(path)]
    if len({folder.resolve() for folder in folders}) < len(folders):
        twice = next(f for f in folders if [g.resolve() for g in folders].count(f.resolve()) > 1)
        raise ReIDError(f"{twice} is named twice on one side: a run counts once.")
    groups = seed_groups(folders)
    if len(groups) > 1:
        raise _several_groups(groups)
    return sorted(map(_read_run, groups[0]), key=lambda run: run.seed or 0)


def _run_folders(path: Path) -> list[Path]:
    if any(os.path.lexists(path / name) for name in ("metrics.json", ".hydra")):
        return [path]
    folders = sorted(p.parent for p in path.glob("**/.hydra"))
    if not folders:
        raise ReIDError(
            f"There is no run in {path}: name the folder of a run or of an evaluation, such as "
            "outputs/DATE_SET_LOSS, or one that holds several."
        )
    return folders


def _read_run(run: SeedRun) -> ScoredRun:
    folder, status = run.folder, read_status(run.folder)
    if status != "finished":
        raise ReIDError(f"{folder} has no finished scores to compare (it is {status.rstrip('.')}).")
    results = read_results(folder / "metrics.json")
    path = folder / "per_query.csv"
    if not os.path.lexists(path):
        raise ReIDError(
            f"{folder} has no per_query.csv, the scores of each query: evaluate its checkpoint "
            "again, and compare the evaluation."
        )
    scores = read_per_query(path)
    valid = scores.matches > 0
    if not valid.any() or not math.isclose(
        float(np.mean(scores.ap[valid])), results["test/mAP"], abs_tol=_ROUNDING
    ):
        raise ReIDError(
            f"{path} and metrics.json beside it are not of the same test: their mAP differs. "
            "Evaluate the checkpoint again, and compare the evaluation."
        )
    return ScoredRun(folder, run.seed, results, scores)


def _several_groups(groups: Sequence[Sequence[SeedRun]]) -> ReIDError:
    runs = [run for group in groups for run in group]
    shown = "; ".join(", ".join(str(run.folder) for run in group) for group in groups[:6])
    shown += "; …" if len(groups) > 6 else ""
    if unknown := [run.folder for run in runs if run.seed is None]:
        reason = f"the settings or the seed of {unknown[0]} are not known"
    else:
        settings = [read_overrides(run.folder) for run in runs]
        keys = [key for key in differing_keys(settings) if key not in ("seed", "checkpoint")]
        reason = f"they differ in {', '.join(keys)}" if keys else "a seed is there twice"
    return ReIDError(
        "The runs of one side must differ by their seed alone, of trainings or of the checkpoints "
        f"that were evaluated, and {reason}. There are {len(groups)} groups: {shown}. Name the "
        "folders of one: reid compare RUN… with RUN…"
    )


def side_labels(sides: Sequence[Sequence[ScoredRun]]) -> list[str]:
    """What the overrides of the sides' first runs differ in, beside their seeds; else empty."""
    settings = [read_overrides(side[0].folder) for side in sides]
    keys = [key for key in differing_keys(settings) if key not in ("seed", "checkpoint")]
    return [", ".join(f"{k}={short_value(s[k])}" for k in keys if k in s) for s in settings]
