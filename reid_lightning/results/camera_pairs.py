"""camera_pairs.csv: the scores of every pair of cameras."""

import csv
from collections.abc import Sequence
from pathlib import Path

from reid_lightning.data.sample import Splits
from reid_lightning.errors import ReIDError
from reid_lightning.files import read_csv, replaced_atomically
from reid_lightning.scoring.camera_pairs import CameraPair

CAMERA_PAIRS_FILE = "camera_pairs.csv"
_COLUMNS = ("query_camera", "gallery_camera", "queries", "mAP", "rank1")

Cells = dict[tuple[str, str], tuple[int, float, float]]


def write_camera_pairs(path: Path, pairs: Sequence[CameraPair], scored: Splits) -> None:
    """Write a row per pair: its cameras as the set's files call them, queries, mAP and Rank-1."""
    names = {s.camid: s.taken_by for s in (*scored.query, *scored.gallery)}
    with (
        replaced_atomically(path) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for query, gallery, *scores in pairs:
            writer.writerow([names[query], names[gallery], *scores])


def read_camera_pairs(path: Path) -> Cells:
    """(query's camera, gallery's camera) → number of queries, mAP and Rank-1 as fractions.

    Raises:
        ReIDError: the file cannot be read, or is another's.
    """
    cells: Cells = {}
    try:
        for row in read_csv(path):
            query, gallery, queries, m_ap, rank1 = (row[name] for name in _COLUMNS)
            scores = float(m_ap), float(rank1)
            if not (queries.isdecimal() and all(0 <= score <= 1 for score in scores)):
                raise ValueError
            cells[query, gallery] = int(queries[:15]), *scores
        if not cells:
            raise ValueError
    except (KeyError, ValueError) as error:
        raise ReIDError(f"{path} is damaged: it holds no scores of pairs of cameras.") from error
    return cells
