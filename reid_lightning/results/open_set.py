"""openset.csv: the detection error trade-off of an open-set evaluation."""

import csv
from collections.abc import Mapping
from pathlib import Path

import torch

from reid_lightning.errors import ReIDError
from reid_lightning.files import read_csv, replaced_atomically
from reid_lightning.metrics.open_set import DetCurve

OPEN_SET_FILE = "openset.csv"
_COLUMNS = ("rank", "FPIR", "FNIR")


def write_det_curves(path: Path, curves: Mapping[int, DetCurve]) -> None:
    """Write a row per point of the curves, by rank."""
    with replaced_atomically(path) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for rank, (fpir, fnir) in curves.items():
            rates = zip(fpir.tolist(), fnir.tolist(), strict=True)
            writer.writerows([rank, *both] for both in rates)


def read_det_curves(path: Path) -> dict[int, DetCurve]:
    """Rank → its curve.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    points: dict[int, list[tuple[float, float]]] = {}
    try:
        for row in read_csv(path):
            rank, fpir, fnir = (row[name] for name in _COLUMNS)
            rates = float(fpir), float(fnir)
            if not rank.isdecimal() or not all(0 <= rate <= 1 for rate in rates):
                raise ValueError
            points.setdefault(int(rank[:15]), []).append(rates)
        rising = ([fpir for fpir, _ in both] for both in points.values())
        if not points or any(rates[0] != 0 or rates != sorted(rates) for rates in rising):
            raise ValueError
    except (KeyError, ValueError) as error:
        raise ReIDError(f"{path} is damaged: it holds no curves of an open set.") from error
    return {
        rank: DetCurve(*torch.tensor(both, dtype=torch.float64).T) for rank, both in points.items()
    }
